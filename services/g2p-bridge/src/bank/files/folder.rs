//! The folder of a bank, and how a file gets into it once.
//!
//! `out` holds orders for the bank, which takes them away; `in` what the bank brings; `in/done` and `in/bad` what was read
//! of it. `work` and `sent` are the bridge's own: a file is written in `work`, gets its second name in `sent` and then its
//! place in `out`. Only one can give a name in `sent`, so that is the moment at which a file is handed over: whoever finds it
//! there finishes the hand-over, and whoever wants to say that it never will be takes the name with an empty file first.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// A bank's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    root: PathBuf,
    /// A file in `in` is read when nobody wrote to it for so long.
    quiet: Duration,
}

/// How a file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It is, or was, in `out`.
    HandedOver,
    /// It was given up before it was handed over, and never will be.
    GivenUp,
}

/// A file that a bank brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its length in bytes.
    pub length: u64,
}

impl Folder {
    /// The folder at `root`.
    #[must_use]
    pub fn new(root: &str, quiet: Duration) -> Self {
        Self { root: PathBuf::from(root), quiet }
    }

    fn at(&self, folder: &str) -> PathBuf {
        self.root.join(folder)
    }

    /// Makes the folders that are missing; not the one that holds them, which may be a disk that is not there.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn prepare(&self) -> io::Result<()> {
        for folder in ["out", "in", "in/done", "in/bad", "work", "sent"] {
            match fs::create_dir(self.at(folder)) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Hands a file over, once. `content` is not called when it was handed over or given up before.
    ///
    /// # Errors
    /// When the disk fails. Then it is not known how the file stands: ask [`Self::settle`].
    pub fn deliver(&self, name: &str, content: impl FnOnce() -> io::Result<Vec<u8>>) -> io::Result<Delivery> {
        self.prepare()?;
        if let Some(delivery) = self.finish(name)? {
            return Ok(delivery);
        }
        // Of two that write the same file, each has a name of its own for it until it is whole.
        let whole = self.at("work").join(name);
        let part = self.at("work").join(format!(".{name}.{}", uuid::Uuid::new_v4().simple()));
        let written = write_synced(&part, &content()?).and_then(|()| fs::rename(&part, &whole));
        if written.is_err() {
            // What is left of it is of no use to anybody.
            let _ = fs::remove_file(&part);
        }
        written?;
        sync_folder(&self.at("work"))?;
        match fs::hard_link(&whole, self.at("sent").join(name)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        sync_folder(&self.at("sent"))?;
        // The name may be somebody else's by now.
        self.finish(name)?.ok_or_else(|| io::Error::other("the file is not in `sent`"))
    }

    /// How a file stands for good: when it was not handed over it never will be from now on.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn settle(&self, name: &str) -> io::Result<Delivery> {
        self.prepare()?;
        if let Some(delivery) = self.finish(name)? {
            return Ok(delivery);
        }
        match fs::OpenOptions::new().write(true).create_new(true).open(self.at("sent").join(name)) {
            Ok(file) => file.sync_all()?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        sync_folder(&self.at("sent"))?;
        self.finish(name)?.ok_or_else(|| io::Error::other("the file is not in `sent`"))
    }

    /// What was handed over under this name.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn sent(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.at("sent").join(name))
    }

    /// Finishes what was begun: a file that has its name in `sent` goes to `out`, one that was given up goes away.
    fn finish(&self, name: &str) -> io::Result<Option<Delivery>> {
        let whole = self.at("work").join(name);
        let length = match fs::metadata(self.at("sent").join(name)) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let moved =
            if length == 0 { fs::remove_file(&whole) } else { fs::rename(&whole, self.at("out").join(name)) };
        match moved {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => sync_folder(&self.at("out"))?,
        }
        Ok(Some(if length == 0 { Delivery::GivenUp } else { Delivery::HandedOver }))
    }

    /// Files in `in` that are whole, in the order of their names, at most `limit`. Names that begin with a point or end in
    /// `.tmp`, `.part` or `.filepart` are those of files on their way.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn arrivals(&self, limit: usize) -> io::Result<Vec<Arrival>> {
        self.prepare()?;
        let mut found = Vec::new();
        for entry in fs::read_dir(self.at("in"))? {
            let entry = entry?;
            let (Ok(name), about) = (entry.file_name().into_string(), entry.metadata()?) else {
                tracing::warn!(folder = %self.root.display(), "a file's name is no text; it is left alone");
                continue;
            };
            if about.is_file() && !on_its_way(&name) && self.is_quiet(&about) {
                found.push(Arrival { name, path: entry.path(), length: about.len() });
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found.truncate(limit);
        Ok(found)
    }

    fn is_quiet(&self, about: &fs::Metadata) -> bool {
        let since = about.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
        since.is_some_and(|since| since >= self.quiet)
    }

    /// Moves a file that was taken in to `in/done`.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn done(&self, arrival: &Arrival) -> io::Result<()> {
        self.put_away(arrival, "in/done").map(drop)
    }

    /// Moves a file that is of no use to `in/bad`, and says beside it why.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn bad(&self, arrival: &Arrival, why: &str) -> io::Result<()> {
        let place = self.put_away(arrival, "in/bad")?;
        let mut note = place.into_os_string();
        note.push(".txt");
        write_synced(Path::new(&note), format!("{why}\n").as_bytes())
    }

    /// Under its name, or with a number behind it when another file has that name.
    fn put_away(&self, arrival: &Arrival, folder: &str) -> io::Result<PathBuf> {
        let mut place = self.at(folder).join(&arrival.name);
        for number in 2.. {
            if !place.exists() {
                break;
            }
            place = self.at(folder).join(format!("{}.{number}", arrival.name));
        }
        fs::rename(&arrival.path, &place)?;
        sync_folder(&self.at(folder))?;
        Ok(place)
    }
}

fn on_its_way(name: &str) -> bool {
    name.starts_with('.') || [".tmp", ".part", ".filepart"].iter().any(|end| name.ends_with(end))
}

fn write_synced(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use std::{fs, io, time::Duration};

    use proptest::prelude::*;

    use super::{Delivery, Folder};

    fn names(folder: &tempfile::TempDir, of: &str) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder.path().join(of))
            .unwrap()
            .map(|e| e.unwrap())
            .filter(|e| e.file_type().unwrap().is_file())
            .map(|e| e.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn folder() -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_str().unwrap(), Duration::ZERO);
        folder.prepare().unwrap();
        (place, folder)
    }

    #[test]
    fn a_file_is_handed_over_once_though_the_bank_takes_it_away() {
        let (place, folder) = folder();
        assert_eq!(folder.deliver("a.xml", || Ok(b"one".to_vec())).unwrap(), Delivery::HandedOver);
        assert_eq!(fs::read(place.path().join("out/a.xml")).unwrap(), b"one");
        fs::remove_file(place.path().join("out/a.xml")).unwrap();
        assert_eq!(folder.deliver("a.xml", || Ok(b"two".to_vec())).unwrap(), Delivery::HandedOver);
        assert_eq!(folder.settle("a.xml").unwrap(), Delivery::HandedOver);
        assert!(names(&place, "out").is_empty() && names(&place, "work").is_empty());
    }

    #[test]
    fn what_was_given_up_is_never_handed_over() {
        let (place, folder) = folder();
        assert_eq!(folder.settle("a.xml").unwrap(), Delivery::GivenUp);
        assert_eq!(folder.deliver("a.xml", || Ok(b"one".to_vec())).unwrap(), Delivery::GivenUp);
        assert!(names(&place, "out").is_empty());
        // Written by a process that ended, and given up by another.
        fs::write(place.path().join("work/b.xml"), "b").unwrap();
        assert_eq!(folder.settle("b.xml").unwrap(), Delivery::GivenUp);
        assert!(names(&place, "out").is_empty() && names(&place, "work").is_empty());
    }

    #[test]
    fn a_hand_over_that_was_begun_is_finished_by_whoever_looks() {
        let (place, folder) = folder();
        fs::write(place.path().join("work/a.xml"), "a").unwrap();
        fs::hard_link(place.path().join("work/a.xml"), place.path().join("sent/a.xml")).unwrap();
        assert_eq!(folder.settle("a.xml").unwrap(), Delivery::HandedOver);
        assert_eq!(names(&place, "out"), ["a.xml"]);
        let failing = || Err(io::Error::other("not asked for"));
        assert_eq!(folder.deliver("a.xml", failing).unwrap(), Delivery::HandedOver);
    }

    #[test]
    fn files_on_their_way_are_left_alone_and_others_put_away_under_free_names() {
        let (place, folder) = folder();
        for name in [".x", "a.part", "b.tmp", "c.filepart", "d.xml", "e.sta"] {
            fs::write(place.path().join("in").join(name), name).unwrap();
        }
        let found = folder.arrivals(10).unwrap();
        assert_eq!(found.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["d.xml", "e.sta"]);
        folder.done(&found[0]).unwrap();
        folder.bad(&found[1], "it is no statement").unwrap();
        fs::write(place.path().join("in/d.xml"), "again").unwrap();
        let again = folder.arrivals(10).unwrap();
        folder.done(&again[0]).unwrap();
        assert_eq!(names(&place, "in/done"), ["d.xml", "d.xml.2"]);
        assert_eq!(names(&place, "in/bad"), ["e.sta", "e.sta.txt"]);
        assert_eq!(
            fs::read_to_string(place.path().join("in/bad/e.sta.txt")).unwrap(),
            "it is no statement\n"
        );
        let slow = Folder::new(place.path().to_str().unwrap(), Duration::from_secs(3600));
        fs::write(place.path().join("in/f.xml"), "half").unwrap();
        assert!(slow.arrivals(10).unwrap().is_empty(), "it may still be written to");
    }

    proptest! {
        /// Deliveries and settlements in any order, and a bank that takes files away at any moment: a file is in `out` at
        /// most once, and everybody says the same of it.
        #[test]
        fn everybody_says_the_same(steps in proptest::collection::vec(0_u8..3, 1..20)) {
            let (place, folder) = folder();
            let (mut taken, mut said) = (0, None);
            for step in steps {
                let delivery = match step {
                    0 => folder.deliver("a.xml", || Ok(b"a".to_vec())).unwrap(),
                    1 => folder.settle("a.xml").unwrap(),
                    _ => {
                        taken += usize::from(fs::remove_file(place.path().join("out/a.xml")).is_ok());
                        continue;
                    }
                };
                prop_assert_eq!(*said.get_or_insert(delivery), delivery);
            }
            let left = names(&place, "out").len();
            prop_assert_eq!(taken + left, usize::from(said == Some(Delivery::HandedOver)));
        }
    }
}
