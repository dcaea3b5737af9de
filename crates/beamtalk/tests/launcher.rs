//! `beamtalk launch`, spoken to as a node does: what is left of a process when the node, or the launcher, ends.

use beamtalk_launcher::packet::{VERSION, read};
use std::io::Write;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(20);

struct Launcher {
    process: Child,
    packets: Receiver<Vec<u8>>,
}

impl Launcher {
    /// Has got no order yet.
    fn idle() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_beamtalk"))
            .arg("launch")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let packets = packets(process.stdout.take().unwrap());
        Self { process, packets }
    }

    /// Runs a script that may write so many bytes to standard output, and a few to standard error.
    fn running(script: &str, allowed: u32) -> Self {
        let mut launcher = Self::idle();
        let mut start = vec![0, VERSION, 0, 0, 0, 2];
        start.extend(format!("\0sh\0-c\0{script}\0").bytes());
        launcher.send(&start);
        launcher.send(&[&[2, 1][..], &allowed.to_be_bytes()].concat());
        launcher.send(&[2, 2, 0, 0, 1, 0]);
        assert_eq!(launcher.next()[0], 0, "it is started");
        launcher
    }

    fn send(&mut self, packet: &[u8]) {
        let input = self.process.stdin.as_mut().unwrap();
        input.write_all(&u32::try_from(packet.len()).unwrap().to_be_bytes()).unwrap();
        input.write_all(packet).unwrap();
        input.flush().unwrap();
    }

    fn next(&self) -> Vec<u8> {
        self.packets.recv_timeout(LONG).unwrap()
    }

    /// The numbers that the script prints, one a line.
    fn numbers(&self, count: usize) -> Vec<i32> {
        let mut text = String::new();
        while text.lines().count() < count || !text.ends_with('\n') {
            let packet = self.next();
            assert_eq!(packet[0], 2, "it writes");
            text.push_str(std::str::from_utf8(&packet[1..]).unwrap());
        }
        text.lines().map(|line| line.parse().unwrap()).collect()
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn packets(mut output: ChildStdout) -> Receiver<Vec<u8>> {
    let (sender, packets) = channel();
    thread::spawn(move || {
        while let Ok(Some(packet)) = read(&mut output) {
            if sender.send(packet).is_err() {
                return;
            }
        }
    });
    packets
}

fn runs(process: i32) -> bool {
    let process = rustix::process::Pid::from_raw(process).unwrap();
    rustix::process::test_kill_process(process).is_ok()
}

fn assert_end(processes: &[i32]) {
    let end = Instant::now() + LONG;
    while processes.iter().any(|process| runs(*process)) {
        assert!(Instant::now() < end, "some of {processes:?} still run");
        thread::sleep(Duration::from_millis(10));
    }
}

const FAMILY: &str = "trap '' TERM; (sleep 1000) & echo $!; echo $$; wait; wait; sleep 1000";

#[test]
fn a_node_that_is_gone_takes_the_process_group_along() {
    let mut launcher = Launcher::running(FAMILY, 1000);
    let family = launcher.numbers(2);
    assert!(family.iter().all(|process| runs(*process)));
    drop(launcher.process.stdin.take());
    assert!(launcher.process.wait().unwrap().success());
    assert!(!family.iter().any(|process| runs(*process)), "when the launcher has ended nothing is left");
}

#[test]
fn a_launcher_that_is_told_to_end_takes_the_process_group_along() {
    let mut launcher = Launcher::running(FAMILY, 1000);
    let family = launcher.numbers(2);
    let number = rustix::process::Pid::from_child(&launcher.process);
    // Waiting would close it, which is another way to end.
    let input = launcher.process.stdin.take();
    rustix::process::kill_process(number, rustix::process::Signal::TERM).unwrap();
    assert_eq!(launcher.process.wait().unwrap().code(), Some(143));
    drop(input);
    assert_end(&family);
}

#[test]
fn no_more_comes_than_was_allowed() {
    let mut launcher = Launcher::running("yes", 7);
    let mut bytes = launcher.next().len() - 1;
    while let Ok(packet) = launcher.packets.recv_timeout(Duration::from_millis(300)) {
        bytes += packet.len() - 1;
    }
    assert_eq!(bytes, 7);
    launcher.send(&[2, 1, 0, 0, 0, 2]);
    assert_eq!(launcher.next().len() - 1, 2);
}

#[test]
fn an_end_is_told_in_order_and_the_launcher_waits_for_the_node() {
    let mut launcher = Launcher::running("echo hi; exit 3", 1000);
    let mut told = Vec::new();
    while told.last() != Some(&vec![9]) {
        told.push(launcher.next());
    }
    assert!(told.contains(&b"\x02hi\n".to_vec()));
    let at = |packet: &[u8]| told.iter().position(|other| other == packet).unwrap();
    assert!(at(&[8, 0, 0, 0, 3]) < at(&[4]), "the code is known when the channel ends: {told:?}");
    assert!(at(&[8, 0, 0, 0, 3]) < at(&[5]), "{told:?}");
    assert_eq!(launcher.packets.recv_timeout(Duration::from_millis(100)), Err(RecvTimeoutError::Timeout));
    launcher.send(&[1, b'x']);
    drop(launcher.process.stdin.take());
    assert!(launcher.process.wait().unwrap().success());
}

#[test]
fn another_version_is_refused_in_words() {
    let mut launcher = Launcher::idle();
    launcher.process.stdin.take().unwrap().write_all(&[0, 0, 0, 2, 0, 200]).unwrap();
    let refusal = launcher.next();
    assert_eq!(refusal[0], 1);
    assert!(String::from_utf8_lossy(&refusal).contains("version 200"));
    assert!(launcher.process.wait().unwrap().success());
}
