//! The committed documents are those of the code.

use std::path::Path;

#[tokio::test]
async fn committed_documents_do_not_drift() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut drifted = Vec::new();
    let documents = openg2p::documents::all().await.expect("the documents");
    for (path, content) in &documents {
        if std::fs::read_to_string(root.join(path)).ok().as_ref() != Some(content) {
            drifted.push(path.clone());
        }
    }
    for dir in ["proto/openapi", "proto/events"] {
        for entry in std::fs::read_dir(root.join(dir)).expect("the folder") {
            let path = format!("{dir}/{}", entry.expect("an entry").file_name().to_string_lossy());
            if !documents.contains_key(&path) {
                drifted.push(format!("{path} (nobody makes it)"));
            }
        }
    }
    assert!(drifted.is_empty(), "run `make proto`; these differ: {drifted:?}");
}
