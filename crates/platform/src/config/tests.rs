//! What an operator sees of right and wrong configurations.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{collections::BTreeMap, path::Path};

use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::{COMMON_DOCS, CommonConfig, Loaded, load};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Own {
    max_batch: u32,
    mapper_url: String,
    demo: bool,
}

impl Default for Own {
    fn default() -> Self {
        Self { max_batch: 1000, mapper_url: "http://127.0.0.1:8003".to_owned(), demo: false }
    }
}

fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut map: BTreeMap<String, String> =
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    map.entry("OPENG2P__DATABASE_URL".to_owned()).or_insert_with(|| "postgres://localhost/x".to_owned());
    map
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn environment_wins_over_file_and_file_over_defaults() {
    let file = file("log_level = \"warn\"\n[g2p_bridge]\nmax_batch = 7\nport = 9005\n");
    let env = env(&[("OPENG2P__G2P_BRIDGE__MAX_BATCH", "9"), ("OPENG2P__G2P_BRIDGE__DEMO", "true")]);
    let loaded: Loaded<Own> = load("g2p_bridge", 8005, Some(file.path()), &env).unwrap();
    assert_eq!((loaded.service.max_batch, loaded.service.demo), (9, true));
    assert_eq!((loaded.common.port, loaded.common.log_level.as_str()), (9005, "warn"));
    assert_eq!(loaded.service.mapper_url, "http://127.0.0.1:8003");
}

#[test]
fn an_unknown_key_is_named() {
    for (name, expected) in
        [("OPENG2P__G2P_BRIDGE__MAX_BACH", "g2p_bridge.max_bach"), ("OPENG2P__DATABSE_URL", "databse_url")]
    {
        let error = load::<Own>("g2p_bridge", 8005, None, &env(&[(name, "1")])).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_wrong_value_is_named_and_not_shown() {
    let error =
        load::<Own>("g2p_bridge", 8005, None, &env(&[("OPENG2P__G2P_BRIDGE__PORT", "s3cret")])).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("g2p_bridge.port") && !text.contains("s3cret"), "{text}");
}

#[test]
fn a_mounted_secret_is_read_from_its_file() {
    let secret = file("postgres://from-file/db\n");
    let mut env = env(&[("OPENG2P__DATABASE_URL_FILE", secret.path().to_str().unwrap())]);
    env.remove("OPENG2P__DATABASE_URL");
    let loaded: Loaded<Own> = load("g2p_bridge", 8005, None, &env).unwrap();
    assert_eq!(loaded.common.database_url.unwrap().expose_secret(), "postgres://from-file/db");
}

#[test]
fn a_numeric_password_stays_text_and_debug_hides_it() {
    let loaded: Loaded<Own> =
        load("g2p_bridge", 8005, None, &env(&[("OPENG2P__SIGNING_KEY", "12345")])).unwrap();
    assert_eq!(loaded.common.signing_key.as_ref().unwrap().expose_secret(), "12345");
    assert!(!format!("{loaded:?}").contains("12345"));
}

#[test]
fn every_documented_key_is_one_and_the_other_way_round() {
    let names = format!("{:?}", CommonConfig::default());
    for (key, _) in COMMON_DOCS {
        assert!(names.contains(&format!("{key}: ")), "{key} is documented and does not exist");
    }
    assert_eq!(names.matches(": ").count(), COMMON_DOCS.len(), "each key has one line of documentation");
}

fn refused(pairs: &[(&str, &str)]) -> String {
    load::<Own>("g2p_bridge", 8005, None, &env(pairs)).unwrap_err().to_string()
}

#[test]
fn values_outside_their_range_are_named() {
    for (name, value) in [
        ("DATABASE_URL", "mysql://localhost"),
        ("AMQP_URL", "http://localhost"),
        ("ROLES", "http,painter"),
        ("LOG_LEVEL", "=loud="),
        ("LOG_FORMAT", "xml"),
        ("BASE_PATH", "spar"),
        ("BASE_PATH", "/a/{id}"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,gateway"),
        ("PORT", "65000"),
        ("DATABASE_TLS_MODE", "verify-everything"),
        ("REQUEST_TIMEOUT_SECONDS", "0"),
        ("MAX_SKEW_SECONDS", "604800"),
        ("HTTP_WORKERS", "0"),
    ] {
        let text = refused(&[(&format!("OPENG2P__{name}"), value)]);
        assert!(text.contains(&name.to_lowercase()), "{name}={value}: {text}");
    }
}

#[test]
fn the_base_path_may_come_from_the_environment_of_any_chart() {
    let base =
        |pairs: &[(&str, &str)]| load::<Own>("g2p_bridge", 8005, None, &env(pairs)).unwrap().common.base_path;
    assert_eq!(base(&[("BASE_PATH", "/bridge")]), "/bridge");
    assert_eq!(base(&[("BASE_PATH", "/bridge/")]), "/bridge");
    assert_eq!(base(&[("BASE_PATH", "/")]), "");
    assert_eq!(base(&[("BASE_PATH", "/a"), ("OPENG2P__G2P_BRIDGE__BASE_PATH", "/b")]), "/b");
}

#[test]
fn no_error_and_no_debug_text_shows_a_secret() {
    let secrets = ["postgres://u:hunter2@h/d", "hunter2"];
    let broken = file("database_url = \"postgres://u:hunter2@h/d\npassword = hunter2\n");
    let error = load::<Own>("g2p_bridge", 8005, Some(broken.path()), &env(&[])).unwrap_err();
    assert!(error.to_string().contains("line 1"), "{error}");
    let mut texts = vec![error.to_string(), format!("{error:?}")];
    for (name, value) in [
        ("OPENG2P__PORT", "hunter2"),
        ("OPENG2P__PORT", "x, expected hunter2"),
        ("OPENG2P__G2P_BRIDGE__MAX_BATCH", "hunter2"),
        ("OPENG2P__G2P_BRIDGE", "hunter2"),
        ("OPENG2P__AMQP_URL", "hunter2"),
        ("OPENG2P__NO_SUCH_KEY", "hunter2"),
    ] {
        texts.push(refused(&[(name, value)]));
    }
    let all = [
        ("OPENG2P__DATABASE_URL", secrets[0]),
        ("OPENG2P__MIGRATE_DATABASE_URL", secrets[0]),
        ("OPENG2P__AMQP_URL", "amqps://u:hunter2@h"),
        ("OPENG2P__SIGNING_KEY", "hunter2"),
    ];
    texts.push(format!("{:?}", load::<Own>("g2p_bridge", 8005, None, &env(&all)).unwrap()));
    for text in texts {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn the_environment_of_other_services_is_none_of_ours() {
    let others = [
        ("OPENG2P__SPAR_MAPPER__NO_SUCH_KEY", "1"),
        ("OPENG2P__SPAR_MAPPER__SECRET_FILE", "/no/such/file"),
        ("OPENG2P__SPAR_MAPPER__PORT", "not a port"),
    ];
    assert_eq!(load::<Own>("g2p_bridge", 8005, None, &env(&others)).unwrap().common.port, 8005);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = load::<Own>("g2p_bridge", 8005, Some(Path::new("/no/such.toml")), &env(&[])).unwrap_err();
    assert!(error.to_string().contains("/no/such.toml"), "{error}");
    let secret = refused(&[("OPENG2P__SIGNING_KEY_FILE", "/no/such.pem")]);
    assert!(secret.contains("OPENG2P__SIGNING_KEY_FILE"), "{secret}");
}

fn name() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        "[A-Z_]{0,12}",
        "\\PC{0,12}",
        proptest::sample::select(COMMON_DOCS).prop_map(|(key, _)| key.to_uppercase()),
    ];
    let section = prop_oneof![Just(""), Just("G2P_BRIDGE__"), Just("SPAR_MAPPER__"), Just("__")];
    let end =
        prop_oneof![Just(""), Just("_FILE"), Just("__X"), Just("[0]"), Just("[99999999999]"), Just(".")];
    (section, key, end).prop_map(|(section, key, end)| format!("OPENG2P__{section}{key}{end}"))
}

proptest! {
    /// Whatever stands in the environment: a configuration or an error, and never a panic.
    #[test]
    fn any_environment_is_read_or_refused(
        pairs in proptest::collection::btree_map(name(), "(\\PC{0,20}|[0-9]{1,25}|\\[\\PC{0,9}|[a-z,]{0,9})", 0..6),
        base in proptest::option::of("\\PC{0,10}"),
    ) {
        let mut pairs: BTreeMap<String, String> = pairs;
        pairs.extend(base.map(|base| ("BASE_PATH".to_owned(), base)));
        match load::<Own>("g2p_bridge", 8005, None, &pairs) {
            Ok(loaded) => prop_assert!(loaded.common.database_url.is_some()),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    /// The same for files.
    #[test]
    fn any_file_is_read_or_refused(text in "([a-z_]{1,9} ?= ?\\PC{0,9}\n|\\[[a-z_0-9]{0,9}\\]\n|\\PC{0,20}\n){0,5}") {
        let file = file(&text);
        let _ = load::<Own>("g2p_bridge", 8005, Some(file.path()), &env(&[]));
    }
}
