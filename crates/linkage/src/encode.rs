//! Records as fixed-width rows of numbers; every word lives once in the lexicon.

use std::collections::HashMap;

use crate::hash::{KeyMap, extend, mix, small, text};
use crate::model::Compiled;
use crate::normalise::names::{MAX_NAME_WORDS, NameReader};
use crate::normalise::script::Script;
use crate::normalise::text::{MAX_WORD_BYTES, clip, fold};
use crate::normalise::{date::PartialDate, skeleton::skeleton, values};
use crate::record::{Record, Sex};

/// Number of a word in the lexicon; 0 is "no word".
pub(crate) type WordId = u32;

/// Tokens of the name fields of one row; unused places are 0.
pub(crate) type Tokens<const N: usize> = [WordId; N];

/// One record, encoded. Hashes of 0 mean missing.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) id: u64,
    /// Sorts alike records next to each other, independent of the order of insertion.
    pub(crate) order: u64,
    pub(crate) given: Tokens<4>,
    pub(crate) family: Tokens<3>,
    pub(crate) other: Tokens<3>,
    pub(crate) father: Tokens<3>,
    pub(crate) mother: Tokens<3>,
    pub(crate) birth: Option<PartialDate>,
    pub(crate) sex: Option<Sex>,
    /// Script the own name is written in.
    pub(crate) script: Script,
    pub(crate) phones: [u64; 2],
    pub(crate) ids: [Ident; 3],
    pub(crate) household: u64,
    pub(crate) address: u64,
    pub(crate) village: u64,
    pub(crate) district: u64,
    pub(crate) birth_place: u64,
}

/// An identity number: hash of its kind, number of its text in the lexicon (0: none).
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ident {
    pub(crate) kind: u64,
    pub(crate) value: WordId,
}

/// A folded word with what comparisons need.
#[derive(Clone, Copy)]
pub(crate) struct Word {
    text: [u8; MAX_WORD_BYTES],
    len: u8,
    /// Letters of the skeleton; below 2 it is too weak to mean anything.
    pub(crate) skeleton_len: u8,
    /// First letter of the skeleton.
    pub(crate) initial: u8,
    /// Hash of the skeleton, the same in every lexicon.
    pub(crate) skeleton: u64,
    /// Hash of the word, the same in every lexicon.
    hash: u64,
}

impl Word {
    fn new(word: &str) -> Self {
        let bones = skeleton(word);
        let mut text_bytes = [0; MAX_WORD_BYTES];
        for (to, from) in text_bytes.iter_mut().zip(word.bytes()) {
            *to = from;
        }
        Self {
            text: text_bytes,
            len: u8::try_from(word.len().min(MAX_WORD_BYTES)).unwrap_or(0),
            skeleton_len: u8::try_from(bones.len()).unwrap_or(u8::MAX),
            initial: bones.bytes().next().unwrap_or(b'-'),
            skeleton: text(if bones.is_empty() { word } else { &bones }),
            hash: text(word),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.text.get(..usize::from(self.len)).unwrap_or(&[])
    }
}

/// All distinct words, identity numbers and addresses seen so far.
#[derive(Default, Clone)]
pub(crate) struct Lexicon {
    /// Name fields read before, as typed: most are typed often.
    fields: HashMap<Box<str>, Field>,
    numbers: HashMap<Box<str>, WordId>,
    words: Vec<Word>,
    identity_numbers: HashMap<Box<str>, WordId>,
    identities: Vec<Box<str>>,
    /// Sorted hashes of an address's words, by the hash of the whole.
    addresses: KeyMap<Box<[u32]>>,
}

/// Words of one name field; unused places are 0.
type Field = Tokens<MAX_NAME_WORDS>;

/// Name fields remembered as typed.
const REMEMBERED: usize = 200_000;

/// Where the encoder looks words up, and puts the ones that are new.
pub(crate) trait Intern {
    fn word(&mut self, word: &str) -> WordId;
    fn identity(&mut self, value: &str) -> WordId;
    fn address(&mut self, key: u64, words: &[String]);
    /// The words of a name field.
    fn field(&mut self, raw: &str, reader: &NameReader) -> Field;
    /// Hash of a word's text.
    fn hash(&self, id: WordId) -> u64;
}

/// Reads a name field word by word.
fn read_field(raw: &str, reader: &NameReader, lexicon: &mut impl Intern) -> Field {
    let mut field = Field::default();
    for (place, token) in field.iter_mut().zip(reader.tokens(raw)) {
        *place = lexicon.word(&token);
    }
    field
}

impl Intern for Lexicon {
    fn field(&mut self, raw: &str, reader: &NameReader) -> Field {
        let raw = clip(raw);
        if let Some(field) = self.fields.get(raw) {
            return *field;
        }
        let field = read_field(raw, reader, self);
        if self.fields.len() < REMEMBERED {
            self.fields.insert(raw.into(), field);
        }
        field
    }

    fn hash(&self, id: WordId) -> u64 {
        Words::of(self).hash(id)
    }

    fn word(&mut self, word: &str) -> WordId {
        if let Some(id) = self.numbers.get(word) {
            return *id;
        }
        self.words.push(Word::new(word));
        let id = small(self.words.len());
        self.numbers.insert(word.into(), id);
        id
    }

    fn identity(&mut self, value: &str) -> WordId {
        if let Some(id) = self.identity_numbers.get(value) {
            return *id;
        }
        self.identities.push(value.into());
        let id = small(self.identities.len());
        self.identity_numbers.insert(value.into(), id);
        id
    }

    fn address(&mut self, key: u64, words: &[String]) {
        self.addresses.entry(key).or_insert_with(|| {
            let mut parts: Vec<u32> = words.iter().map(|w| (text(w) >> 32) as u32).collect();
            parts.sort_unstable();
            parts.into_boxed_slice()
        });
    }
}

/// A lexicon that is read, with room beside it for the words of one record that is only being checked.
pub(crate) struct Overlay<'a> {
    base: &'a Lexicon,
    extra: Lexicon,
}

impl<'a> Overlay<'a> {
    pub(crate) fn new(base: &'a Lexicon) -> Self {
        Self { base, extra: Lexicon::default() }
    }

    pub(crate) fn words(&self) -> Words<'_> {
        Words { base: self.base, extra: Some(&self.extra) }
    }
}

impl Intern for Overlay<'_> {
    fn field(&mut self, raw: &str, reader: &NameReader) -> Field {
        match self.base.fields.get(clip(raw)) {
            Some(field) => *field,
            None => read_field(raw, reader, self),
        }
    }

    fn hash(&self, id: WordId) -> u64 {
        self.words().hash(id)
    }

    fn word(&mut self, word: &str) -> WordId {
        let known = self.base.numbers.get(word).copied();
        known.unwrap_or_else(|| small(self.base.words.len()).saturating_add(self.extra.word(word)))
    }

    fn identity(&mut self, value: &str) -> WordId {
        let known = self.base.identity_numbers.get(value).copied();
        known.unwrap_or_else(|| small(self.base.identities.len()).saturating_add(self.extra.identity(value)))
    }

    fn address(&mut self, key: u64, words: &[String]) {
        if !self.base.addresses.contains_key(&key) {
            self.extra.address(key, words);
        }
    }
}

/// Read access to a lexicon and the words beside it.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    base: &'a Lexicon,
    extra: Option<&'a Lexicon>,
}

impl<'a> Words<'a> {
    pub(crate) fn of(base: &'a Lexicon) -> Self {
        Self { base, extra: None }
    }

    pub(crate) fn word(&self, id: WordId) -> Option<&'a Word> {
        let place = (id as usize).checked_sub(1)?;
        match self.base.words.get(place) {
            Some(word) => Some(word),
            None => self.extra?.words.get(place - self.base.words.len()),
        }
    }

    pub(crate) fn identity(&self, id: WordId) -> Option<&'a str> {
        let place = (id as usize).checked_sub(1)?;
        match self.base.identities.get(place) {
            Some(value) => Some(value),
            None => self.extra?.identities.get(place - self.base.identities.len()).map(|v| &**v),
        }
    }

    pub(crate) fn address(&self, key: u64) -> &'a [u32] {
        let found = self.base.addresses.get(&key).or_else(|| self.extra?.addresses.get(&key));
        found.map_or(&[], |words| &**words)
    }

    fn hash(&self, id: WordId) -> u64 {
        self.word(id).map_or(0, |w| w.hash)
    }

    /// Hash of the skeleton of a word, 0 for no word.
    pub(crate) fn skeleton(&self, id: WordId) -> u64 {
        self.word(id).map_or(0, |w| w.skeleton)
    }
}

/// Encodes one record. New words go to `lexicon`.
pub(crate) fn encode(record: &Record, model: &Compiled, lexicon: &mut impl Intern) -> Row {
    let mut order = 0;
    let mut name = |raw: &Option<String>| -> Field {
        let field = raw.as_deref().map_or_else(Field::default, |raw| lexicon.field(raw, &model.names));
        let words = field.iter().take_while(|t| **t != 0);
        order = words.fold(mix(order + 1), |h, t| extend(h, lexicon.hash(*t)));
        field
    };
    let given = name(&record.given_name);
    let family = name(&record.family_name);
    let other = name(&record.other_names);
    let father = name(&record.father_name);
    let mother = name(&record.mother_name);
    // A register with one name field may fill only the family name: then that is the whole name.
    let (given, family) = if given.first() == Some(&0) { (family, given) } else { (given, family) };
    let order = extend(order, record.birth_date.map_or(0, |d| u64::from(d.packed())));
    Row {
        id: record.id,
        order,
        given: first(&given),
        family: first(&family),
        other: first(&other),
        father: first(&father),
        mother: first(&mother),
        birth: record.birth_date,
        sex: record.sex,
        script: Script::of(
            record.given_name.as_deref().or(record.family_name.as_deref()).unwrap_or_default(),
        ),
        phones: phones(&record.phones),
        ids: identities(&record.ids, lexicon),
        household: key(record.household.as_deref()),
        address: address(record.address.as_deref(), lexicon),
        village: key(record.village.as_deref()),
        district: key(record.district.as_deref()),
        birth_place: key(record.birth_place.as_deref()),
    }
}

/// The first places of a list; the last word is kept when there are too many (it is often the family name).
fn first<const N: usize>(all: &[WordId]) -> Tokens<N> {
    let count = all.iter().take_while(|t| **t != 0).count();
    let all = all.get(..count).unwrap_or_default();
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(all) {
        *to = *from;
    }
    if let (true, Some(place), Some(last)) = (all.len() > N, out.last_mut(), all.last()) {
        *place = *last;
    }
    out
}

fn key(raw: Option<&str>) -> u64 {
    raw.map_or(0, |raw| text(&fold(raw)))
}

fn phones(raw: &[String]) -> [u64; 2] {
    let mut out = [0; 2];
    let mut found: Vec<u64> = Vec::new();
    for phone in raw.iter().take(8).filter_map(|p| values::phone(p)) {
        if !found.contains(&phone) {
            found.push(phone);
        }
    }
    for (to, from) in out.iter_mut().zip(found) {
        *to = from;
    }
    out
}

fn identities(raw: &[String], lexicon: &mut impl Intern) -> [Ident; 3] {
    let mut out = [Ident::default(); 3];
    let mut found: Vec<(String, String)> = raw.iter().take(8).filter_map(|i| values::identity(i)).collect();
    found.sort_unstable();
    found.dedup();
    for (to, (kind, value)) in out.iter_mut().zip(found) {
        *to = Ident { kind: text(&kind), value: lexicon.identity(&value) };
    }
    out
}

fn address(raw: Option<&str>, lexicon: &mut impl Intern) -> u64 {
    let words = raw.map(values::address).unwrap_or_default();
    if words.is_empty() {
        return 0;
    }
    let key = words.iter().fold(1, |h, w| extend(h, text(w))).max(1);
    lexicon.address(key, &words);
    key
}
