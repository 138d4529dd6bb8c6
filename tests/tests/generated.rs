//! Documents that are made from the code and committed: OpenAPI documents, event schemas, the configuration page and
//! the example configurations. `make proto` writes them anew; here they must not have drifted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

use openg2p::services::{Visitor, each};
use platform::{
    CommonConfig, Service,
    config::{COMMON_DOCS, ENV_PREFIX},
    service::schema_name,
};
use serde_json::Value;

/// Folders that hold nothing but generated files.
const FOLDERS: [&str; 3] = ["proto/openapi", "proto/events", "deploy/config"];

/// Path from the root to content.
#[derive(Default)]
struct Generated {
    files: BTreeMap<PathBuf, String>,
    configuration: String,
}

impl Visitor for Generated {
    async fn visit<S: Service>(&mut self) -> anyhow::Result<()> {
        let openapi = platform::openapi::<S>().to_pretty_json()?;
        self.files.insert(format!("proto/openapi/{}.json", S::NAME).into(), openapi + "\n");
        for event in S::event_schemas() {
            let schema = serde_json::to_string_pretty(&event.schema)?;
            self.files.insert(format!("proto/events/{}.json", event.topic).into(), schema + "\n");
        }
        let keys = own_keys::<S>();
        self.configuration.push_str(&configuration_section::<S>(&keys));
        self.files.insert(format!("deploy/config/{}.toml", S::NAME).into(), example_config::<S>(&keys));
        Ok(())
    }
}

/// Key, default as JSON, and what it does, of a service's own configuration.
fn own_keys<S: Service>() -> Vec<(&'static str, Value, &'static str)> {
    let defaults = serde_json::to_value(S::Config::default()).unwrap();
    let docs = S::config_docs();
    let known: BTreeSet<&str> =
        defaults.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    let documented: BTreeSet<&str> = docs.iter().map(|(key, _)| *key).collect();
    assert_eq!(documented, known, "config_docs() of {} must name each key of its Config once", S::NAME);
    docs.iter().map(|(key, what)| (*key, defaults[*key].clone(), *what)).collect()
}

fn configuration_section<S: Service>(keys: &[(&str, Value, &str)]) -> String {
    let section = schema_name(S::NAME);
    let mut text = format!("\n## {} (`[{section}]`, port {})\n\n", S::TITLE, S::DEFAULT_PORT);
    if keys.is_empty() {
        return text + "No keys of its own.\n";
    }
    text.push_str(TABLE_HEAD);
    for (key, default, what) in keys {
        let variable = format!("{ENV_PREFIX}{}__{}", section.to_uppercase(), key.to_uppercase());
        text.push_str(&row(key, &variable, &shown(default), what));
    }
    text
}

fn example_config<S: Service>(keys: &[(&str, Value, &str)]) -> String {
    let mut text = format!(
        "# {} alone: {} --config {}.toml serve\n# Every key with its default; docs/configuration.md has the common ones.\n\n\
         database_url = \"postgres://{}:CHANGE-ME@localhost:5432/openg2p\"\n# amqp_url = \"amqp://user:CHANGE-ME@localhost:5672/%2f\"\n\n[{}]\n# port = {}\n",
        S::TITLE,
        S::NAME,
        S::NAME,
        schema_name(S::NAME),
        schema_name(S::NAME),
        S::DEFAULT_PORT
    );
    for (key, default, what) in keys {
        // Optional keys have no default to show.
        let value = if default.is_null() { "\"\"".to_owned() } else { toml_value(default) };
        text.push_str(&format!("# {what}\n# {key} = {value}\n"));
    }
    text
}

/// JSON and TOML write all but objects alike.
fn toml_value(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(key, value)| format!("{key} = {}", toml_value(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

const TABLE_HEAD: &str = "| key | environment | default | what it does |\n|---|---|---|---|\n";

fn row(key: &str, variable: &str, default: &str, what: &str) -> String {
    format!("| `{key}` | `{variable}` | {default} | {what} |\n")
}

fn shown(default: &Value) -> String {
    match default {
        Value::Null => String::new(),
        Value::String(text) if text.is_empty() => String::new(),
        other => format!("`{}`", other.to_string().replace('|', "\\|")),
    }
}

/// Defaults of the common keys. `CommonConfig` cannot be serialised, because it holds secrets; its debug text, which
/// hides them, names the keys in the order of the documentation.
fn common_defaults() -> BTreeMap<&'static str, String> {
    let text = format!("{:?}", CommonConfig::default());
    let place = |key: &str| {
        let wanted = format!("{key}: ");
        let found = text.match_indices(&wanted).map(|(at, _)| at);
        let mut whole = found.filter(|at| text[..*at].ends_with(['{', ' ']));
        whole.next().unwrap_or_else(|| panic!("COMMON_DOCS names {key}, which CommonConfig does not have"))
    };
    let mut places: Vec<(usize, &str)> = COMMON_DOCS.iter().map(|(key, _)| (place(key), *key)).collect();
    places.sort_unstable();
    let ends = places.iter().skip(1).map(|(at, _)| *at).chain([text.len()]);
    let value = |((at, key), end): (&(usize, &'static str), usize)| {
        let value = text[at + key.len() + 2..end].trim_end_matches([' ', ',', '}']);
        let shown =
            if ["None", "\"\"", "[]"].contains(&value) { String::new() } else { format!("`{value}`") };
        (*key, shown)
    };
    places.iter().zip(ends).map(value).collect()
}

fn configuration_head() -> String {
    let mut text = "# Configuration\n\n\
        This page is made from the code by `make proto`.\n\n\
        Defaults in the code are overruled by the file given with `--config` (TOML), and the file by the environment.\n\
        Each variable can also be given as `…_FILE`, the path of a file that holds the value, as mounted secrets are.\n\
        An unknown key is an error that names it; `<service> config check` looks at a configuration without starting.\n\n\
        ## Common keys\n\n\
        At the top of the file, or in a service's section for that service alone: in the environment\n\
        `OPENG2P__DATABASE_URL` for all, `OPENG2P__SPAR_MAPPER__DATABASE_URL` for one. `port` belongs into a section.\n\n"
        .to_owned();
    text.push_str(TABLE_HEAD);
    let defaults = common_defaults();
    for (key, what) in COMMON_DOCS {
        let default = if *key == "port" { "per service" } else { defaults[key].as_str() };
        text.push_str(&row(key, &format!("{ENV_PREFIX}{}", key.to_uppercase()), default, what));
    }
    text
}

async fn generate() -> BTreeMap<PathBuf, String> {
    let mut generated = Generated::default();
    each(&mut generated).await.unwrap();
    let page = configuration_head() + &generated.configuration;
    generated.files.insert("docs/configuration.md".into(), page);
    generated.files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Files of the generated folders that nothing generates any more.
fn left_over(files: &BTreeMap<PathBuf, String>) -> Vec<PathBuf> {
    let entries = FOLDERS.iter().flat_map(|folder| fs::read_dir(root().join(folder)).into_iter().flatten());
    let paths = entries.map(|entry| entry.unwrap().path().strip_prefix(root()).unwrap().to_owned());
    paths.filter(|path| !files.contains_key(path)).collect()
}

#[actix_web::test]
async fn committed_documents_are_those_of_the_code() {
    let files = generate().await;
    if env::var_os("WRITE_GENERATED").is_some() {
        for (path, text) in &files {
            fs::create_dir_all(root().join(path).parent().unwrap()).unwrap();
            fs::write(root().join(path), text).unwrap();
        }
        for path in left_over(&files) {
            fs::remove_file(root().join(path)).unwrap();
        }
    }
    let changed = files
        .iter()
        .filter(|(path, text)| fs::read_to_string(root().join(path)).ok().as_deref() != Some(text.as_str()));
    let mut drifted: Vec<&Path> = changed.map(|(path, _)| path.as_path()).collect();
    let left = left_over(&files);
    drifted.extend(left.iter().map(PathBuf::as_path));
    assert!(drifted.is_empty(), "run `make proto` and commit: {drifted:?}");
}

/// The example configurations must be ones that the services accept, with every commented key put to use.
#[actix_web::test]
async fn example_configurations_are_accepted() {
    struct Check(PathBuf);
    impl Visitor for Check {
        async fn visit<S: Service>(&mut self) -> anyhow::Result<()> {
            let example = fs::read_to_string(root().join(format!("deploy/config/{}.toml", S::NAME)))?;
            // `# key = value` becomes a line of its own; prose has no ` = ` after one word.
            let is_key = |line: &str| {
                line.strip_prefix("# ")
                    .and_then(|l| l.split_once(" = "))
                    .is_some_and(|(key, _)| !key.contains(' '))
            };
            let used = |line: &str| if is_key(line) { line[2..].to_owned() } else { line.to_owned() };
            let text: Vec<String> = example.lines().filter(|l| !l.ends_with("= \"\"")).map(used).collect();
            let file = self.0.join(format!("{}.toml", S::NAME));
            fs::write(&file, text.join("\n"))?;
            let loaded = openg2p::services::load::<S>(Some(&file), &BTreeMap::new())?;
            match S::validate(&loaded.service) {
                // An example holds no secrets: the operator makes them.
                Err(why) if why.contains("_secret") => Ok(()),
                other => other.map_err(|why| anyhow::anyhow!("{}: {why}", S::NAME)),
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    each(&mut Check(folder.path().to_owned())).await.unwrap();
}
