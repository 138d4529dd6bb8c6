//! Reading the configuration: defaults, file, environment, mounted secrets.

use std::{collections::BTreeMap, io::Read, path::Path};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{COMMON_DOCS, CommonConfig, ConfigError, ENV_PREFIX, Loaded, SECTIONS};

/// Loads the configuration of one service.
///
/// `section` is the service's section (snake case), `port` its default port, `file` the `--config` file, `env` the
/// process environment.
///
/// # Errors
/// [`ConfigError`], naming the first wrong key.
pub fn load<C: Serialize + DeserializeOwned + Default>(
    section: &str,
    port: u16,
    file: Option<&Path>,
    env: &BTreeMap<String, String>,
) -> Result<Loaded<C>, ConfigError> {
    let service_defaults = defaults_of(&C::default())?;
    let is_common = |key: &str| COMMON_DOCS.iter().any(|(k, _)| *k == key);
    let known = |key: &str| is_common(key) || service_defaults.contains_key(key);
    let tree = read_sources(section, file, env, known)?;

    let mut common = Map::from_iter([("port".to_owned(), Value::from(port))]);
    let mut service = service_defaults.clone();
    for (key, value) in &tree {
        if SECTIONS.contains(&key.as_str()) {
            continue;
        }
        if !is_common(key) {
            return Err(ConfigError::Unknown(key.clone()));
        }
        // The port of a service is its own affair: a shared top-level one would make all listen on the same.
        common.insert(key.clone(), value.clone());
    }
    let own = match tree.get(section) {
        None => &Map::new(),
        Some(Value::Object(own)) => own,
        Some(_) => {
            let why = "is the section of a service; set its keys one by one".to_owned();
            return Err(ConfigError::Value { key: section.to_owned(), why });
        }
    };
    for (key, value) in own {
        if service_defaults.contains_key(key) {
            service.insert(key.clone(), value.clone());
        } else if is_common(key) {
            common.insert(key.clone(), value.clone());
        } else {
            return Err(ConfigError::Unknown(format!("{section}.{key}")));
        }
    }
    let mut common: CommonConfig = typed(common, section)?;
    // `/` and `/spar/` are what people write.
    common.base_path.truncate(common.base_path.trim_end_matches('/').len());
    common.validate()?;
    Ok(Loaded { common, service: typed(service, section)? })
}

fn defaults_of<C: Serialize>(defaults: &C) -> Result<Map<String, Value>, ConfigError> {
    match serde_json::to_value(defaults) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(Value::Null) => Ok(Map::new()),
        _ => Err(ConfigError::File("the service's configuration type is not a struct".to_owned())),
    }
}

/// Deserialises one half of the configuration. Values from the environment are text, so a text that does not fit is
/// tried once more as the number, truth value or comma-separated list that it spells.
fn typed<T: DeserializeOwned>(mut map: Map<String, Value>, section: &str) -> Result<T, ConfigError> {
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(Value::Object(map.clone())) {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let path = error.path().to_string();
        let key = path.split(['.', '[']).next().unwrap_or_default().to_owned();
        let reparsed = match map.get(&key) {
            Some(Value::String(text)) => reparse(text),
            _ => None,
        };
        match reparsed {
            Some(value) => {
                map.insert(key, value);
            }
            None => {
                return Err(ConfigError::Value {
                    key: format!("{section}.{path}"),
                    why: format!("has a wrong value: {}", kind_only(&error.inner().to_string())),
                });
            }
        }
    }
}

fn reparse(text: &str) -> Option<Value> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(number.into());
    }
    if let Ok(number) = text.parse::<f64>() {
        return serde_json::Number::from_f64(number).map(Value::Number);
    }
    match text {
        "true" => Some(true.into()),
        "false" => Some(false.into()),
        _ if text.starts_with('[') || text.starts_with('{') => serde_json::from_str(text).ok(),
        _ => Some(Value::Array(text.split(',').map(|s| Value::from(s.trim())).filter(|v| v != "").collect())),
    }
}

/// serde repeats the wrong value ("invalid type: string \"hunter2\", expected u16"); keep what was expected only.
fn kind_only(message: &str) -> String {
    // The last one: the value before it may hold the word too.
    let expected = message.rfind(", expected ").and_then(|at| message.get(at + 2..));
    expected.unwrap_or("not of the right type").to_owned()
}

/// Reads file and environment into one tree. Variables of other services' sections are left alone, and their secrets
/// unread: the services of one installation may share an environment.
fn read_sources(
    section: &str,
    file: Option<&Path>,
    env: &BTreeMap<String, String>,
    known: impl Fn(&str) -> bool,
) -> Result<Map<String, Value>, ConfigError> {
    let mut builder = config::Config::builder();
    if let Some(path) = file {
        builder = builder.add_source(config::File::from_str(&read_toml(path)?, config::FileFormat::Toml));
    }
    if let Some(path) = env.get("BASE_PATH") {
        builder = override_with(builder, "base_path", path)?;
    }
    for (name, value) in env {
        let Some(rest) = name.strip_prefix(ENV_PREFIX) else { continue };
        let key = rest.to_lowercase().replace("__", ".");
        let first = key.split('.').next().unwrap_or_default();
        if first != section && SECTIONS.contains(&first) {
            continue;
        }
        let leaf = key.rsplit('.').next().unwrap_or_default();
        match key.strip_suffix("_file") {
            Some(bare) if !known(leaf) => {
                let text = read_secret(value).map_err(|e| ConfigError::Value {
                    key: name.clone(),
                    why: format!("names a file that cannot be read: {e}"),
                })?;
                builder = override_with(builder, bare, text.trim_end_matches(['\n', '\r']))?;
            }
            _ => builder = override_with(builder, &key, value)?,
        }
    }
    let built =
        builder.build().map_err(|_| ConfigError::File("its keys contradict each other".to_owned()))?;
    built.try_deserialize().map_err(|_| ConfigError::File("its keys contradict each other".to_owned()))
}

/// Reads the file and looks whether it is TOML. The parser's own message would show the line, and with it a secret.
fn read_toml(path: &Path) -> Result<String, ConfigError> {
    let wrong = |why: String| ConfigError::File(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
    match text.parse::<toml::Table>() {
        Ok(_) => Ok(text),
        Err(error) => {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
            Err(wrong(format!("line {line} is not TOML")))
        }
    }
}

/// The text of a mounted secret; no more than a secret can be, whatever the path leads to.
fn read_secret(path: &str) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(1024 * 1024).read_to_string(&mut text)?;
    Ok(text)
}

type Builder = config::ConfigBuilder<config::builder::DefaultState>;

fn override_with(builder: Builder, key: &str, value: &str) -> Result<Builder, ConfigError> {
    let unknown = || ConfigError::Unknown(key.to_owned());
    // The library reads `a[9]` as the tenth element of a list, which none of our keys is.
    if !key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.') {
        return Err(unknown());
    }
    builder.set_override(key, value).map_err(|_| unknown())
}
