//! Connections that are kept open and send prepared requests one after another.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use g2p_crypto::{SigningKey, sign_detached};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// What to send.
pub struct Load {
    pub path: &'static str,
    /// For each connection its requests.
    pub bodies: Vec<Vec<String>>,
    /// How long to send.
    pub seconds: u64,
    /// Begin again when all were sent; else each is sent once.
    pub repeat: bool,
    /// Signs each body, in the header `Signature`.
    pub key: Option<Arc<SigningKey>>,
}

/// What came of it.
pub struct Measured {
    /// Sorted.
    pub latencies: Vec<Duration>,
    pub elapsed: Duration,
    pub cpu_ms: f64,
}

impl Measured {
    pub fn requests_per_second(&self) -> f64 {
        f64::from(u32::try_from(self.latencies.len()).unwrap()) / self.elapsed.as_secs_f64()
    }

    /// In milliseconds.
    pub fn percentile(&self, percent: usize) -> f64 {
        let last = self.latencies.len() - 1;
        self.latencies[last * percent / 100].as_secs_f64() * 1_000.0
    }
}

/// Sends it all and checks every answer's status and, once in a hundred, that it holds `expected`.
pub async fn run(address: &str, load: &Load, expected: &str) -> (Vec<Duration>, Duration) {
    let began = Instant::now();
    let until = began + Duration::from_secs(load.seconds);
    let connections = load.bodies.iter().map(|bodies| {
        let requests: Vec<Vec<u8>> = bodies
            .iter()
            .map(|body| {
                let (path, length) = (load.path, body.len());
                let signature = load.key.as_ref().map_or(String::new(), |key| {
                    format!("Signature: {}\r\n", sign_detached(key, body.as_bytes()).unwrap())
                });
                format!(
                    "POST {path} HTTP/1.1\r\nHost: mapper\r\nContent-Type: application/json\r\n{signature}Content-Length: {length}\r\n\r\n{body}"
                )
                .into_bytes()
            })
            .collect();
        let (address, repeat, expected) = (address.to_owned(), load.repeat, expected.to_owned());
        tokio::spawn(async move { connection(&address, &requests, repeat, until, &expected).await })
    });
    let running: Vec<_> = connections.collect();
    let mut all = Vec::new();
    for task in running {
        all.extend(task.await.unwrap());
    }
    let elapsed = began.elapsed();
    all.sort_unstable();
    (all, elapsed)
}

async fn connection(
    address: &str,
    requests: &[Vec<u8>],
    repeat: bool,
    until: Instant,
    expected: &str,
) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut latencies = Vec::new();
    let mut buffer = Vec::with_capacity(1 << 20);
    loop {
        for request in requests {
            if Instant::now() >= until {
                return latencies;
            }
            let began = Instant::now();
            stream.write_all(request).await.unwrap();
            timeout(crate::ANSWER, answer(&mut stream, &mut buffer)).await.expect("an answer in time");
            latencies.push(began.elapsed());
            assert!(
                buffer.starts_with(b"HTTP/1.1 200"),
                "{}",
                String::from_utf8_lossy(&buffer[..400.min(buffer.len())])
            );
            if latencies.len() % 100 == 1 {
                let text = String::from_utf8_lossy(&buffer);
                assert!(text.contains(expected), "{}", &text[..600.min(text.len())]);
            }
        }
        if !repeat {
            return latencies;
        }
    }
}

/// Reads one answer, whose length stands in its head.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    let mut wanted = None;
    while wanted.is_none_or(|wanted| buffer.len() < wanted) {
        assert!(stream.read_buf(buffer).await.unwrap() > 0, "the mapper closed the connection");
        if wanted.is_none()
            && let Some(end) = buffer.windows(4).take(2_000).position(|w| w == b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(&buffer[..end]).to_lowercase();
            let length = head.split("content-length: ").nth(1).expect("a length");
            wanted = Some(end + 4 + length.split("\r\n").next().unwrap().parse::<usize>().unwrap());
        }
    }
}
