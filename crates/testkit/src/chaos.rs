//! A TCP proxy that breaks connections on demand, to put between two parts of a system.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

/// What the proxy does with connections from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chaos {
    /// Everything passes.
    Pass,
    /// Every answer waits this long.
    Delay(Duration),
    /// Requests arrive, answers do not: the caller runs into its timeout.
    DropAnswers,
    /// The request arrives, and the connection is reset when the answer comes.
    CutAnswers,
    /// Connections are reset, present ones and new ones: nothing arrives.
    Reset,
}

/// The proxy. It ends, with all its connections, when the value goes.
pub struct ChaosProxy {
    address: SocketAddr,
    mode: watch::Sender<Chaos>,
    connections: Arc<AtomicUsize>,
    swallowed: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl ChaosProxy {
    /// Listens on a free port of 127.0.0.1 and passes everything on to `upstream` (`host:port`).
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start(upstream: impl Into<String>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("the proxy's address");
        let (mode, receiver) = watch::channel(Chaos::Pass);
        let connections = Arc::new(AtomicUsize::new(0));
        let swallowed = Arc::new(AtomicUsize::new(0));
        let link =
            Link { upstream: Arc::from(upstream.into()), mode: receiver, swallowed: Arc::clone(&swallowed) };
        let counter = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            // Owned by this task: aborting it ends the connections too.
            let mut open = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                open.spawn(link.clone().serve(client));
                while open.try_join_next().is_some() {}
            }
        });
        Self { address, mode, connections, swallowed, task }
    }

    /// Changes what happens from now on, to open connections too.
    pub fn set(&self, mode: Chaos) {
        self.mode.send_replace(mode);
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port`.
    #[must_use]
    pub fn http_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Connections accepted so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Pieces of answers that were dropped or cut off so far: shows that the fault really hit something.
    #[must_use]
    pub fn swallowed(&self) -> usize {
        self.swallowed.load(Ordering::Relaxed)
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Link {
    upstream: Arc<str>,
    mode: watch::Receiver<Chaos>,
    swallowed: Arc<AtomicUsize>,
}

impl Link {
    async fn serve(mut self, client: TcpStream) {
        let upstream = match TcpStream::connect(&*self.upstream).await {
            Ok(upstream) if *self.mode.borrow() != Chaos::Reset => upstream,
            _ => return reset(&client),
        };
        let _ = (client.set_nodelay(true), upstream.set_nodelay(true));
        let (mut client_in, mut client_out) = client.into_split();
        let (mut upstream_in, mut upstream_out) = upstream.into_split();
        let mut mode = self.mode.clone();
        let cut = tokio::select! {
            () = requests(&mut client_in, &mut upstream_out) => false,
            cut = self.answers(&mut upstream_in, &mut client_out) => cut,
            _ = mode.wait_for(|mode| *mode == Chaos::Reset) => true,
        };
        if cut {
            reset(client_in.as_ref());
            reset(upstream_in.as_ref());
            // Dropped, they would end their direction in an orderly way first.
            client_out.forget();
            upstream_out.forget();
        }
    }

    /// Passes answers as the mode says; `true` when the connection is to be reset.
    async fn answers(&mut self, from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf) -> bool {
        let mut buffer = vec![0_u8; 16 * 1024];
        loop {
            let Ok(length @ 1..) = from.read(&mut buffer).await else {
                // The client may still be waiting for what was swallowed: let its own timeout decide.
                if *self.mode.borrow() == Chaos::DropAnswers {
                    std::future::pending::<()>().await;
                }
                return false;
            };
            let mode = *self.mode.borrow_and_update();
            match mode {
                Chaos::Pass => {}
                Chaos::Delay(pause) => sleep(pause).await,
                Chaos::DropAnswers => {
                    self.swallowed.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                Chaos::CutAnswers | Chaos::Reset => {
                    self.swallowed.fetch_add(1, Ordering::Relaxed);
                    return true;
                }
            }
            if to.write_all(&buffer[..length]).await.is_err() {
                return false;
            }
        }
    }
}

/// Passes requests on until the client closes; then the answers still on their way are its own loss.
async fn requests(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf) {
    let mut buffer = vec![0_u8; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// Makes the close that follows a reset (RST) instead of an orderly end.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}
