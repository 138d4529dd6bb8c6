//! A check for tests: every text that is asked for exists, every text that exists is asked for, every language has the
//! same ones.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::{COMMON, Source};

/// What stands before the name of a text, in templates and in code.
const CALLS: [&str; 5] = ["say(", "say1(", "say_count(", "say_all(", "Key("];

/// Compares the texts of an area with the templates and sources that use them.
///
/// `sources` are the texts of the area in all languages, `folders` where they are used. Returns what is wrong, one line
/// each; empty when nothing is. Texts of the shell may be used, and are not asked for when `sources` are others.
#[must_use]
pub fn check(sources: &[Source], folders: &[&Path]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for folder in folders {
        match files(folder) {
            Ok(files) => used.extend(files.iter().flat_map(|text| used_in(text))),
            Err(error) => wrong.push(format!("{}: {error}", folder.display())),
        }
    }
    let english: BTreeSet<String> = defined_in(sources, "en");
    let common = defined_in(COMMON, "en");
    wrong.extend(
        used.iter()
            .filter(|k| !english.contains(*k) && !common.contains(*k))
            .map(|k| format!("missing: {k}")),
    );
    wrong.extend(english.iter().filter(|k| !used.contains(*k)).map(|k| format!("unused: {k}")));
    // An area may be in English only, as one for staff is; a language that has texts in it has all of them.
    let other = |s: &&Source| s.language != "en";
    let parts: BTreeSet<(&str, &str)> = sources.iter().filter(other).map(|s| (s.area, s.language)).collect();
    for (area, language) in parts {
        let sources: Vec<Source> = sources.iter().filter(|s| s.area == area).copied().collect();
        let (english, here) = (defined_in(&sources, "en"), defined_in(&sources, language));
        wrong.extend(english.difference(&here).map(|k| format!("missing in {language}: {k}")));
        wrong.extend(here.difference(&english).map(|k| format!("only in {language}: {k}")));
        let (wanted, found) = (values_in(&sources, "en"), values_in(&sources, language));
        let differ = |key: &&String| wanted.get(*key) != found.get(*key);
        let both = english.intersection(&here).filter(differ);
        wrong.extend(both.map(|k| format!("other values in {language} than in en: {k}")));
    }
    wrong
}

fn files(folder: &Path) -> std::io::Result<Vec<String>> {
    let (mut texts, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path: PathBuf = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "html" || e == "rs") {
                let text = fs::read_to_string(path)?;
                // Unit tests stand at the end of a file and use texts of their own.
                texts.push(text.split("#[cfg(test)]").next().unwrap_or_default().to_owned());
            }
        }
    }
    Ok(texts)
}

fn used_in(text: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for call in CALLS {
        for (at, _) in text.match_indices(call) {
            let rest = text.get(at + call.len()..).unwrap_or_default().trim_start();
            let rest = rest.strip_prefix('&').unwrap_or(rest);
            let key = rest.strip_prefix('"').and_then(|r| r.split_once('"')).map(|(key, _)| key);
            let is_name = |key: &&str| {
                !key.is_empty()
                    && key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            };
            keys.extend(key.filter(is_name).map(str::to_owned));
        }
    }
    keys
}

/// Names of the texts: what stands before ` =` at the beginning of a line.
fn defined_in(sources: &[Source], language: &str) -> BTreeSet<String> {
    let lines = sources.iter().filter(|s| s.language == language).flat_map(|s| s.text.lines());
    lines
        .filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()))
        .filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned()))
        .collect()
}

/// Names of the values (`$name`) that each text has in it.
fn values_in(sources: &[Source], language: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut key = String::new();
    for line in sources.iter().filter(|s| s.language == language).flat_map(|s| s.text.lines()) {
        let mut rest = line;
        if line.starts_with(|c: char| c.is_ascii_alphabetic())
            && let Some((name, text)) = line.split_once('=')
        {
            name.trim().clone_into(&mut key);
            rest = text;
        }
        let names = rest.split('$').skip(1).map(|after| {
            after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_').collect()
        });
        values.entry(key.clone()).or_default().extend(names);
    }
    values
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{check, used_in};
    use crate::{COMMON, Source};

    #[test]
    fn the_texts_of_the_shell_are_all_there_and_all_used() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(check(COMMON, &[&root.join("templates"), &root.join("src")]), Vec::<String>::new());
    }

    #[test]
    fn keys_are_found_in_templates_and_in_code() {
        let text = "{{ page.t.say(\"a\") }} {{ t.say1(\n \"b\", x) }} Key(\"c\") say(key) essay(\"d\")";
        assert_eq!(used_in(text).into_iter().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
    }

    #[test]
    fn missing_unused_and_uneven_texts_are_named() {
        let en = Source { language: "en", area: "x", text: "not-used = 1\nname = { $a }\n    { $b }\n" };
        let ar = Source { language: "ar", area: "x", text: "extra = 1\nname = { $a } { $c }\n" };
        let wrong = check(&[en, ar], &[]);
        assert_eq!(
            wrong,
            [
                "unused: name",
                "unused: not-used",
                "missing in ar: not-used",
                "only in ar: extra",
                "other values in ar than in en: name",
            ]
        );
    }
}
