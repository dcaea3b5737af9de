//! One process from its start until the node has read the last packet.

use crate::channel::{Allowance, relay};
use crate::command::start;
use crate::group::{Group, adopt_orphans};
use crate::packet::{Channel, Order, Report, read};
use rustix::process::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io::{self, Read, Write, pipe, sink};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdin, exit};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Serves the node at the other ends of `input` and `output`: starts what the first order names, and is over when the
/// input is, with the process group gone. A process has one launcher; what else it has started is not looked after.
///
/// # Errors
/// There is no first order that could be answered.
pub fn serve(mut input: impl Read, output: impl Write + Send + 'static) -> io::Result<()> {
    let node = Arc::new(Node(Mutex::new(Box::new(output))));
    let Some(first) = read(&mut input)? else { return Ok(()) };
    adopt_orphans();
    match Order::decode(&first) {
        Ok(Order::Start(order)) => match start(&order) {
            Ok(child) => Running::begin(&node, child)?.follow(&mut input),
            Err(refusal) => node.tell(&Report::Refused(refusal.to_string())),
        },
        Ok(_) => node.tell(&Report::Refused("the node's first order starts nothing".to_owned())),
        Err(malformed) => node.tell(&Report::Refused(malformed.to_string())),
    }
    // It closes its end when it has read everything; to end before could cost it what it has not read.
    let _ = io::copy(&mut input, &mut sink());
    Ok(())
}

/// Where reports go. A node that reads no more has closed the input too.
struct Node(Mutex<Box<dyn Write + Send>>);

impl Node {
    fn tell(&self, report: &Report<'_>) {
        let _ = report.write(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

struct Running {
    group: Arc<Group>,
    output: Arc<Allowance>,
    errors: Arc<Allowance>,
    to_write: Sender<Vec<u8>>,
}

impl Running {
    fn begin(node: &Arc<Node>, mut child: Child) -> io::Result<Self> {
        let number = child.id();
        let leader = i32::try_from(number).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
        let (exit, at_exit) = pipe()?;
        let group = Arc::new(Group::new(leader, exit));
        end_when_asked(&group)?;
        node.tell(&Report::Started(number));

        let (to_write, written) = channel();
        if let Some(stdin) = child.stdin.take() {
            spawn(node, &group, move |node, _| write(stdin, &written, node));
        }
        let [output, errors] = [Arc::default(), Arc::default()];
        let channels = [
            child.stdout.take().map(|pipe| listen(node, &group, pipe, Channel::Output, &output)),
            child.stderr.take().map(|pipe| listen(node, &group, pipe, Channel::Errors, &errors)),
        ];
        spawn(node, &group, |node, group| group.reap(|code| node.tell(&Report::Exited(code)), at_exit));
        spawn(node, &group, move |node, group| {
            group.wait_for_exit(None);
            // A channel's end is the end of its sender.
            for ended in channels.into_iter().flatten() {
                let _ = ended.recv();
            }
            group.wait_for_the_last();
            node.tell(&Report::Done);
        });
        Ok(Self { group, output, errors, to_write })
    }

    /// Does what the node asks for. When that is over, so is the process group.
    fn follow(self, input: &mut impl Read) {
        while let Ok(Some(packet)) = read(input) {
            match Order::decode(&packet) {
                Ok(Order::Write(bytes)) => drop(self.to_write.send(bytes)),
                Ok(Order::Allow(Channel::Output, bytes)) => self.output.add(bytes),
                Ok(Order::Allow(Channel::Errors, bytes)) => self.errors.add(bytes),
                Ok(Order::End | Order::Start(_)) | Err(_) => break,
            }
        }
        self.group.end();
        // What is left in the pipes is no more than they hold.
        self.output.add(usize::MAX);
        self.errors.add(usize::MAX);
    }
}

fn spawn(node: &Arc<Node>, group: &Arc<Group>, work: impl FnOnce(&Node, &Group) + Send + 'static) {
    let (node, group) = (Arc::clone(node), Arc::clone(group));
    thread::spawn(move || work(&node, &group));
}

/// Passes a channel on, and whatever comes after its end to nobody: a process left in the background must not stand still
/// because nobody reads what it says.
fn listen(
    node: &Arc<Node>,
    group: &Arc<Group>,
    mut pipe: impl Read + AsFd + Send + 'static,
    channel: Channel,
    allowance: &Arc<Allowance>,
) -> Receiver<()> {
    let allowance = Arc::clone(allowance);
    let (ended, end) = std::sync::mpsc::channel::<()>();
    spawn(node, group, move |node, group| {
        relay(&mut pipe, &allowance, group, |bytes| node.tell(&Report::Wrote(channel, bytes)));
        node.tell(&Report::Ended(channel));
        drop(ended);
        let _ = io::copy(&mut pipe, &mut sink());
    });
    end
}

/// Writes what the node sends until the process reads no more.
fn write(mut stdin: ChildStdin, pieces: &Receiver<Vec<u8>>, node: &Node) {
    for piece in pieces {
        if stdin.write_all(&piece).is_err() {
            node.tell(&Report::InputClosed);
            return;
        }
        node.tell(&Report::Accepted(piece.len()));
    }
}

/// A launcher that is told to end takes the group along.
fn end_when_asked(group: &Arc<Group>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let group = Arc::clone(group);
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            group.end();
            exit(128 + signal);
        }
    });
    Ok(())
}
