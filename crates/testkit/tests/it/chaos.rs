//! Each fault does to a connection what its name says.

use std::time::Duration;

use testkit::{Chaos, ChaosProxy};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout},
};

/// A server that answers each piece it gets with the same piece; returns its address and counts the bytes it got.
async fn echo() -> (String, tokio::sync::watch::Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, receiver) = tokio::sync::watch::channel(0);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let sender = sender.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 64];
                while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                    sender.send_modify(|total| *total += length);
                    if stream.write_all(&buffer[..length]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, receiver)
}

#[tokio::test]
async fn each_fault_is_what_its_name_says() {
    let (address, mut arrived) = echo().await;
    let proxy = ChaosProxy::start(address).await;
    let mut answer = [0; 4];
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();

    client.write_all(b"pass").await.unwrap();
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"pass");

    proxy.set(Chaos::Delay(Duration::from_millis(150)));
    let began = Instant::now();
    client.write_all(b"slow").await.unwrap();
    client.read_exact(&mut answer).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(150));

    proxy.set(Chaos::DropAnswers);
    client.write_all(b"lost").await.unwrap();
    assert!(timeout(Duration::from_millis(200), client.read_exact(&mut answer)).await.is_err());
    timeout(Duration::from_secs(5), arrived.wait_for(|total| *total == 12)).await.unwrap().unwrap();
    assert_eq!(proxy.swallowed(), 1);

    proxy.set(Chaos::CutAnswers);
    client.write_all(b"half").await.unwrap();
    let error = client.read_exact(&mut answer).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(*arrived.borrow(), 16, "the request arrived");

    let mut open = {
        proxy.set(Chaos::Pass);
        TcpStream::connect(proxy.address()).await.unwrap()
    };
    open.write_all(b"good").await.unwrap();
    open.read_exact(&mut answer).await.unwrap();
    proxy.set(Chaos::Reset);
    assert!(open.read_exact(&mut answer).await.is_err());
    let mut refused = TcpStream::connect(proxy.address()).await.unwrap();
    let _ = refused.write_all(b"gone").await;
    assert!(refused.read_exact(&mut answer).await.is_err());
    assert_eq!(*arrived.borrow(), 20, "nothing more arrived");
}
