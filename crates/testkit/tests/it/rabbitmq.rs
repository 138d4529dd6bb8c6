//! The private broker can be stopped and started again under the same URL.

use std::net::TcpStream;

use testkit::{Rabbit, amqp_url};

#[test]
fn a_private_broker_stops_and_starts_again_on_the_same_port() {
    let mut broker = Rabbit::start_private();
    let (url, port) = (broker.url(), broker.port());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    broker.stop();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    broker.start();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    assert_eq!(broker.url(), url);
}

#[test]
fn the_shared_broker_is_found_again() {
    assert!(amqp_url().starts_with("amqp"));
}
