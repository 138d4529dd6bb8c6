//! What is made from the code and committed: OpenAPI documents, event schemas, the table of settings. A test compares.

use std::{collections::BTreeMap, fmt::Write, path::Path};

use anyhow::Context;
use platform::{
    CommonConfig, Service,
    config::{COMMON_DOCS, ENV_PREFIX},
    service::schema_name,
};
use serde_json::Value;

use crate::services::{Visitor, each};

/// Content of each document by its path in the repository.
///
/// # Errors
/// When a document cannot be serialised.
pub async fn all() -> anyhow::Result<BTreeMap<String, String>> {
    let mut collect = Collect::default();
    each(&mut collect).await?;
    let mut files = collect.files;
    files.insert("docs/configuration.md".to_owned(), configuration(&collect.sections));
    Ok(files)
}

/// Writes every document below `root`.
///
/// # Errors
/// When a file cannot be written.
pub async fn write(root: &Path) -> anyhow::Result<()> {
    for (path, content) in all().await? {
        let path = root.join(path);
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        std::fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

#[derive(Default)]
struct Collect {
    files: BTreeMap<String, String>,
    sections: Vec<Section>,
}

struct Section {
    service: &'static str,
    port: u16,
    rows: Vec<(String, String, String)>,
}

impl Visitor for Collect {
    async fn visit<S: Service>(&mut self) -> anyhow::Result<()> {
        let document = platform::openapi::<S>().to_pretty_json()?;
        self.files.insert(format!("proto/openapi/{}.json", S::NAME), format!("{document}\n"));
        for event in S::event_schemas() {
            let schema = serde_json::to_string_pretty(&event.schema)?;
            self.files.insert(format!("proto/events/{}.json", event.topic), format!("{schema}\n"));
        }
        let defaults = serde_json::to_value(S::Config::default())?;
        let row = |(key, what): &(&str, &str)| {
            ((*key).to_owned(), default_text(defaults.get(*key)), (*what).to_owned())
        };
        let rows: Vec<_> = S::config_docs().iter().map(row).collect();
        for key in defaults.as_object().into_iter().flat_map(|o| o.keys()) {
            anyhow::ensure!(
                S::config_docs().iter().any(|(k, _)| k == key),
                "{}: the key {key} has no line in config_docs()",
                S::NAME
            );
        }
        self.sections.push(Section { service: S::NAME, port: S::DEFAULT_PORT, rows });
        Ok(())
    }
}

fn default_text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "none".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "empty".to_owned(),
        Some(Value::String(text)) => format!("`{text}`"),
        Some(other) => format!("`{other}`"),
    }
}

/// Defaults of the common keys as text; secrets have none.
fn common_default(key: &str) -> String {
    let c = CommonConfig::default();
    let text = match key {
        "database_max_connections" => c.database_max_connections.to_string(),
        "amqp_prefix" => c.amqp_prefix,
        "host" => c.host,
        "port" => return "of the service".to_owned(),
        "base_path" => return "empty".to_owned(),
        "trusted_proxies" => return "`[]`".to_owned(),
        "http_workers" => c.http_workers.to_string(),
        "max_body_bytes" => c.max_body_bytes.to_string(),
        "request_timeout_seconds" => c.request_timeout_seconds.to_string(),
        "call_timeout_seconds" => c.call_timeout_seconds.to_string(),
        "roles" => format!("{:?}", c.roles),
        "log_level" => c.log_level,
        "log_format" => c.log_format,
        "oidc_audience" => c.oidc_audience,
        "anonymous_partner" => c.anonymous_partner.to_string(),
        "max_skew_seconds" => c.max_skew_seconds.to_string(),
        "clock_offset_seconds" => c.clock_offset_seconds.to_string(),
        "poll_interval_ms" => c.poll_interval_ms.to_string(),
        "migrate_on_start" => c.migrate_on_start.to_string(),
        _ => return "none".to_owned(),
    };
    format!("`{text}`")
}

fn configuration(sections: &[Section]) -> String {
    let mut out = String::from(
        "# Configuration\n\n\
         Made from the code by `make proto`; do not edit.\n\n\
         Defaults in code < file (`--config FILE`, TOML) < environment. A file has the common keys at the top and one\n\
         section per service, which may set a common key again. In the environment a key is written in capitals with\n",
    );
    let _ = writeln!(
        out,
        "`{ENV_PREFIX}` before it: `{ENV_PREFIX}DATABASE_URL`, `{ENV_PREFIX}SPAR_MAPPER__PORT`. With `_FILE` behind it the \
         variable names a file that\nholds the value (mounted secrets). An unknown key is an error that names it; \
         `<service> config check` tells.\n"
    );
    out.push_str("## Common keys\n\n| key | default | what it does |\n|---|---|---|\n");
    for (key, what) in COMMON_DOCS {
        let _ = writeln!(out, "| `{key}` | {} | {what} |", common_default(key));
    }
    for section in sections {
        let _ = writeln!(
            out,
            "\n## {} `[{}]`\n\nPort {}, admin port {}.\n\n| key | default | what it does |\n|---|---|---|",
            section.service,
            schema_name(section.service),
            section.port,
            section.port + 1000
        );
        for (key, default, what) in &section.rows {
            let _ = writeln!(out, "| `{key}` | {default} | {what} |");
        }
    }
    out
}
