//! What node and launcher say to each other: packets with a length of four bytes, most significant first, a tag of one
//! byte, and the content. `docs/internals/node-protocol.md` has the table.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStringExt;

/// What this launcher speaks. A node says what it speaks in its first packet.
pub const VERSION: u8 = 1;

/// One of the two channels that a process writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Standard output.
    Output = 1,
    /// Standard error.
    Errors = 2,
}

/// A process to start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Start {
    /// Its working folder; empty for the launcher's own.
    pub folder: OsString,
    /// A path, or a name to be found on the PATH.
    pub command: OsString,
    /// What it gets, as it is.
    pub arguments: Vec<OsString>,
    /// What is added to its environment.
    pub environment: Vec<(OsString, OsString)>,
}

/// What a node asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Start this process. The first order, and the only one of its kind.
    Start(Start),
    /// Write this to its standard input.
    Write(Vec<u8>),
    /// So many more bytes of a channel are welcome.
    Allow(Channel, usize),
    /// End the process group.
    End,
}

/// What a launcher tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report<'a> {
    /// The process runs under this number, which is also its group's.
    Started(u32),
    /// It could not be started, and why. Nothing follows.
    Refused(String),
    /// The process wrote this.
    Wrote(Channel, &'a [u8]),
    /// A channel has come to its end.
    Ended(Channel),
    /// So many bytes of what was to be written have been.
    Accepted(usize),
    /// The process reads its standard input no more.
    InputClosed,
    /// The process has ended with this code, or by the signal that is this code less 128.
    Exited(u32),
    /// Nothing is left of it. Nothing follows.
    Done,
}

/// A packet that is no order.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Malformed {
    /// The node is of another version.
    #[error("the node speaks version {0} of the launcher's protocol, this launcher speaks version {VERSION}")]
    Version(u8),
    /// It is something else.
    #[error("a packet of the node has no meaning")]
    Meaningless,
}

/// The next packet, or nothing at the end.
///
/// # Errors
/// Whatever reading fails with, an end in the middle of a packet included.
pub fn read(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match input.read(&mut length[..1])? {
        0 => return Ok(None),
        _ => input.read_exact(&mut length[1..])?,
    }
    let length = u32::from_be_bytes(length);
    let mut packet = Vec::new();
    // What has not come yet takes no memory.
    input.take(length.into()).read_to_end(&mut packet)?;
    if packet.len() == length as usize { Ok(Some(packet)) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

impl Order {
    /// What the packet asks for.
    ///
    /// # Errors
    /// It has no meaning, or that of another version.
    pub fn decode(packet: &[u8]) -> Result<Self, Malformed> {
        match packet {
            [0, VERSION, rest @ ..] => Start::decode(rest).map(Order::Start),
            [0, version, ..] => Err(Malformed::Version(*version)),
            [1, ..] => Ok(Order::Write(packet[1..].to_vec())),
            [2, channel, bytes @ ..] => {
                let bytes = <[u8; 4]>::try_from(bytes).map_err(|_| Malformed::Meaningless)?;
                Ok(Order::Allow(Channel::decode(*channel)?, u32::from_be_bytes(bytes) as usize))
            }
            [3] => Ok(Order::End),
            _ => Err(Malformed::Meaningless),
        }
    }
}

impl Channel {
    fn decode(byte: u8) -> Result<Self, Malformed> {
        match byte {
            1 => Ok(Channel::Output),
            2 => Ok(Channel::Errors),
            _ => Err(Malformed::Meaningless),
        }
    }
}

impl Start {
    /// The number of arguments, four bytes; then texts that each end in a zero byte: folder, command, arguments, and the
    /// names and values of the environment in turn.
    fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let (count, texts) = bytes.split_first_chunk().ok_or(Malformed::Meaningless)?;
        let count = u32::from_be_bytes(*count) as usize;
        let texts = texts.strip_suffix(&[0]).ok_or(Malformed::Meaningless)?;
        let mut texts = texts.split(|byte| *byte == 0).map(|text| OsString::from_vec(text.to_vec()));
        let (Some(folder), Some(command)) = (texts.next(), texts.next()) else {
            return Err(Malformed::Meaningless);
        };
        let arguments: Vec<_> = texts.by_ref().take(count).collect();
        let mut environment = Vec::new();
        while let Some(name) = texts.next() {
            environment.push((name, texts.next().ok_or(Malformed::Meaningless)?));
        }
        if arguments.len() == count {
            Ok(Start { folder, command, arguments, environment })
        } else {
            Err(Malformed::Meaningless)
        }
    }
}

impl Report<'_> {
    /// Writes it as a packet.
    ///
    /// # Errors
    /// Whatever writing fails with: the node is gone.
    pub fn write(&self, output: &mut impl Write) -> io::Result<()> {
        let (tag, head, content): (u8, Option<[u8; 4]>, &[u8]) = match self {
            Report::Started(process) => (0, Some(process.to_be_bytes()), &[]),
            Report::Refused(text) => (1, None, text.as_bytes()),
            Report::Wrote(Channel::Output, bytes) => (2, None, bytes),
            Report::Wrote(Channel::Errors, bytes) => (3, None, bytes),
            Report::Ended(Channel::Output) => (4, None, &[]),
            Report::Ended(Channel::Errors) => (5, None, &[]),
            Report::Accepted(count) => (6, Some(four_bytes(*count)), &[]),
            Report::InputClosed => (7, None, &[]),
            Report::Exited(code) => (8, Some(code.to_be_bytes()), &[]),
            Report::Done => (9, None, &[]),
        };
        let head = head.as_ref().map_or(&[][..], |head| head);
        let length = four_bytes(1 + head.len() + content.len());
        output.write_all(&[&length[..], &[tag], head, content].concat())?;
        output.flush()
    }
}

/// No packet is longer than its length can say.
fn four_bytes(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(texts: &[&str], count: u32) -> Vec<u8> {
        let mut packet = vec![0, VERSION];
        packet.extend(count.to_be_bytes());
        for text in texts {
            packet.extend(text.as_bytes());
            packet.push(0);
        }
        packet
    }

    #[test]
    fn a_start_names_everything_in_order() {
        let order = Order::decode(&start(&["/tmp", "ls", "-l", "", "A", "1", "B", ""], 2));
        let expected = Start {
            folder: "/tmp".into(),
            command: "ls".into(),
            arguments: vec!["-l".into(), "".into()],
            environment: vec![("A".into(), "1".into()), ("B".into(), "".into())],
        };
        assert_eq!(order, Ok(Order::Start(expected)));
    }

    #[test]
    fn what_is_no_order_is_refused() {
        let meaningless = [
            vec![],
            vec![4],
            vec![3, 0],
            vec![2, 3, 0, 0, 0, 1],
            vec![2, 1, 0, 0, 1],
            vec![0, VERSION],
            start(&["/tmp"], 0),
            start(&["/tmp", "ls", "-l"], 2),
            start(&["/tmp", "ls", "A"], 0),
            start(&["/tmp", "ls"], u32::MAX),
        ];
        for packet in meaningless {
            assert_eq!(Order::decode(&packet), Err(Malformed::Meaningless), "{packet:?}");
        }
        assert_eq!(Order::decode(&[0, VERSION + 1, 9]), Err(Malformed::Version(VERSION + 1)));
    }

    #[test]
    fn packets_come_whole_or_not_at_all() {
        let mut bytes: &[u8] = &[0, 0, 0, 2, 1, 7, 0, 0, 0, 9, 3];
        assert_eq!(read(&mut bytes).unwrap(), Some(vec![1, 7]));
        assert_eq!(read(&mut bytes).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(read(&mut &b""[..]).unwrap(), None);
    }

    #[test]
    fn reports_are_a_length_a_tag_and_the_content() {
        let mut bytes = Vec::new();
        Report::Wrote(Channel::Errors, b"no").write(&mut bytes).unwrap();
        Report::Exited(130).write(&mut bytes).unwrap();
        assert_eq!(bytes, [0, 0, 0, 3, 3, b'n', b'o', 0, 0, 0, 5, 8, 0, 0, 0, 130]);
    }
}
