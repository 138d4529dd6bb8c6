//! The direction of dependencies, as `docs/architecture.md` draws it: between crates from `cargo metadata`, between
//! the layers inside a service from its sources.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

const PURE: [&str; 5] = ["bank-formats", "g2p-connect", "g2p-crypto", "linkage", "money"];
const SERVERS: [&str; 3] = ["actix-web", "sea-orm", "tokio"];

/// What a crate of the workspace may depend on inside the workspace (tests aside); `None` for a service.
fn allowed(name: &str) -> Option<Vec<&'static str>> {
    let pure_and = |more: &[&'static str]| Some([&PURE, more].concat());
    match name {
        "money" | "g2p-crypto" | "linkage" | "storage" => Some(vec![]),
        "bank-formats" => Some(vec!["money"]),
        "g2p-connect" => Some(vec!["g2p-crypto", "money"]),
        "events" | "jobs" => Some(vec!["storage"]),
        "pages" => pure_and(&[]),
        "platform" => pure_and(&["storage", "events", "jobs"]),
        _ => None,
    }
}

/// What may not stand behind a crate, however far behind.
fn forbidden(name: &str) -> &'static [&'static str] {
    match name {
        _ if PURE.contains(&name) => &SERVERS,
        "pages" => &["actix-web", "sea-orm"],
        "storage" | "events" | "jobs" => &["actix-web"],
        _ => &[],
    }
}

struct Workspace {
    root: PathBuf,
    /// Member name to its folder.
    members: BTreeMap<String, PathBuf>,
    /// Package id to name.
    names: BTreeMap<String, String>,
    /// Package id to the ids it needs to be built and run, tests aside.
    edges: BTreeMap<String, Vec<String>>,
    /// Member name to package id.
    ids: BTreeMap<String, String>,
}

impl Workspace {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned();
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(&root)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let list = |value: &Value| value.as_array().unwrap().clone();

        let is_member: BTreeSet<String> = list(&metadata["workspace_members"]).iter().map(text).collect();
        let packages = list(&metadata["packages"]);
        let names = packages.iter().map(|p| (text(&p["id"]), text(&p["name"]))).collect();
        let own = || packages.iter().filter(|p| is_member.contains(&text(&p["id"])));
        let folder = |p: &Value| Path::new(&text(&p["manifest_path"])).parent().unwrap().to_owned();
        let is_dev = |dep: &Value| list(&dep["dep_kinds"]).iter().all(|kind| kind["kind"] == "dev");
        let edges = list(&metadata["resolve"]["nodes"])
            .iter()
            .map(|node| {
                let deps = list(&node["deps"]);
                let ids = deps.iter().filter(|dep| !is_dev(dep)).map(|dep| text(&dep["pkg"])).collect();
                (text(&node["id"]), ids)
            })
            .collect();
        Self {
            root,
            members: own().map(|p| (text(&p["name"]), folder(p))).collect(),
            ids: own().map(|p| (text(&p["name"]), text(&p["id"]))).collect(),
            names,
            edges,
        }
    }

    fn is_service(&self, member: &str) -> bool {
        self.members.get(member).is_some_and(|folder| folder.starts_with(self.root.join("services")))
    }

    /// Names of the members that this one depends on directly.
    fn direct(&self, member: &str) -> BTreeSet<&str> {
        let ids = &self.edges[&self.ids[member]];
        ids.iter().map(|id| self.names[id].as_str()).filter(|name| self.members.contains_key(*name)).collect()
    }

    /// Names of everything that stands behind this one.
    fn behind(&self, member: &str) -> BTreeSet<&str> {
        let (mut seen, mut next) = (BTreeSet::new(), vec![&self.ids[member]]);
        while let Some(id) = next.pop() {
            next.extend(self.edges[id].iter().filter(|dep| seen.insert(*dep)));
        }
        seen.into_iter().map(|id| self.names[id].as_str()).collect()
    }
}

#[test]
fn crates_depend_downwards_only() {
    let workspace = Workspace::read();
    assert!(workspace.behind("storage").contains("tokio"), "the graph was not read");
    let mut wrong = Vec::new();
    for member in workspace.members.keys() {
        let direct = workspace.direct(member);
        if member != "end-to-end" && direct.contains("testkit") {
            wrong.push(format!("{member} depends on testkit, which is for [dev-dependencies] only"));
        }
        let services = direct.iter().filter(|d| workspace.is_service(d));
        if !["openg2p", "end-to-end"].contains(&member.as_str()) {
            wrong.extend(services.map(|d| format!("{member} depends on the service {d}")));
        }
        if let Some(allowed) = allowed(member) {
            let others = direct.iter().filter(|d| **d != "testkit" && !allowed.contains(*d));
            wrong.extend(others.map(|d| format!("{member} may not depend on {d}")));
        }
        let behind = workspace.behind(member);
        let servers = forbidden(member).iter().filter(|name| behind.contains(*name));
        wrong.extend(servers.map(|name| format!("{name} stands behind {member}")));
    }
    assert!(wrong.is_empty(), "see docs/architecture.md, direction of dependencies:\n{}", wrong.join("\n"));
}

#[test]
fn every_crate_is_in_the_picture() {
    let workspace = Workspace::read();
    let known = |name: &str| allowed(name).is_some() || ["testkit", "end-to-end"].contains(&name);
    let unknown: Vec<&String> =
        workspace.members.keys().filter(|name| !known(name) && !workspace.is_service(name)).collect();
    assert!(unknown.is_empty(), "say in this test what these may depend on: {unknown:?}");
}

#[test]
fn layers_inside_a_service_point_one_way() {
    // Layer, and what its sources may not name.
    let rules: [(&str, &[&str]); 4] = [
        ("domain", &["crate::api", "crate::app", "crate::store", "sea_orm", "actix_web", "reqwest"]),
        ("store", &["crate::api", "crate::app", "actix_web"]),
        ("app", &["crate::api", "actix_web"]),
        ("api", &["crate::store", "EntityTrait", "ActiveModel"]),
    ];
    let workspace = Workspace::read();
    let mut wrong = Vec::new();
    for (service, folder) in workspace.members.iter().filter(|(name, _)| workspace.is_service(name)) {
        for (layer, forbidden) in rules {
            for file in rust_files(&folder.join("src"), layer) {
                let source = fs::read_to_string(&file).unwrap();
                let found = forbidden.iter().filter(|word| source.contains(**word));
                let shown = file.strip_prefix(&workspace.root).unwrap().display();
                wrong.extend(found.map(|word| format!("{service}: {layer} names {word} in {shown}")));
            }
        }
    }
    assert!(wrong.is_empty(), "see docs/architecture.md, inside a service:\n{}", wrong.join("\n"));
}

/// `src/<layer>.rs` and everything in `src/<layer>/`.
fn rust_files(src: &Path, layer: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        [src.join(format!("{layer}.rs"))].into_iter().filter(|file| file.is_file()).collect();
    let mut folders = vec![src.join(layer)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}
