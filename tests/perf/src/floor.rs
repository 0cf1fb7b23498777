//! The floor: blocking sockets, a process at each end, a reply of three bytes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use netcore::proto::Transport;

use crate::Outcome;
use crate::exchange::Exchange;
use crate::process::{Part, own_processor_seconds};

/// A datagram that loopback takes without fragments.
const DATAGRAM: usize = 60_000;
const REPLY: &[u8; 3] = b"ACK";
/// How long it is watched what sending costs.
const COST_FOR: Duration = Duration::from_secs(2);

enum Socket {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

/// A frame goes to another process, a reply comes back.
pub(crate) struct Link {
    socket: Socket,
    frame: Vec<u8>,
    _part: Part,
}

impl Link {
    pub(crate) fn open(transport: Transport, bytes: usize) -> Outcome<Link> {
        let word = if transport == Transport::Tcp { "tcp" } else { "udp" };
        let mut part = Part::start(&["floor", word, &bytes.to_string()])?;
        let to = ("127.0.0.1", part.line()?.parse::<u16>()?);
        let socket = match transport {
            Transport::Tcp => {
                let stream = TcpStream::connect(to)?;
                stream.set_nodelay(true)?;
                Socket::Tcp(stream)
            }
            Transport::Udp => {
                let socket = UdpSocket::bind("127.0.0.1:0")?;
                socket.connect(to)?;
                socket.set_read_timeout(Some(Duration::from_millis(50)))?;
                Socket::Udp(socket)
            }
        };
        Ok(Link {
            socket,
            frame: vec![0xab; bytes],
            _part: part,
        })
    }
}

impl Exchange for Link {
    /// A datagram may be lost when the socket's buffer is small.
    fn once(&mut self) -> Outcome<Option<u64>> {
        let mut reply = [0; 3];
        let began = Instant::now();
        let is_answered = match &mut self.socket {
            Socket::Tcp(stream) => {
                stream.write_all(&self.frame)?;
                stream.read_exact(&mut reply)?;
                true
            }
            Socket::Udp(socket) => {
                for datagram in self.frame.chunks(DATAGRAM) {
                    socket.send(datagram)?;
                }
                socket.recv(&mut reply).is_ok()
            }
        };
        Ok(is_answered.then(|| began.elapsed().as_nanos() as u64))
    }
}

/// Processor seconds that a byte costs its sender over TCP, stop-and-wait, not encrypted; `None` where the system does not report it.
pub(crate) fn processor_seconds_a_byte(bytes: usize) -> Outcome<Option<f64>> {
    let mut link = Link::open(Transport::Tcp, bytes)?;
    let before = own_processor_seconds();
    let (answered, _) = link.run(COST_FOR)?;
    let used = own_processor_seconds()
        .zip(before)
        .map(|(after, before)| after - before);
    Ok(used.map(|used| used / (answered * bytes) as f64))
}

/// The other process: answers every frame of `length` bytes.
pub(crate) fn reply(transport: &str, length: &str) -> Outcome<()> {
    let mut frame = vec![0; length.parse()?];
    if transport == "tcp" {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        println!("{}", listener.local_addr()?.port());
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        // Until the other end has measured enough.
        while stream.read_exact(&mut frame).is_ok() {
            stream.write_all(REPLY)?;
        }
        return Ok(());
    }
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    println!("{}", socket.local_addr()?.port());
    let mut got = 0;
    let mut datagram = vec![0; DATAGRAM];
    loop {
        let (bytes, from) = socket.recv_from(&mut datagram)?;
        // A first datagram begins a frame anew, whatever became of the last one.
        got = if bytes == DATAGRAM.min(frame.len()) && got + bytes > frame.len() {
            bytes
        } else {
            got + bytes
        };
        if got >= frame.len() {
            socket.send_to(REPLY, from)?;
            got = 0;
        }
    }
}
