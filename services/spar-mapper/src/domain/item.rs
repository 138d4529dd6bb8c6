//! Changes and questions in no dialect, and why an item is refused.

use std::collections::HashSet;

use g2p_connect::reason::{LinkReason, ResolveReason, UnlinkReason, UpdateReason};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::vault::SEALED;

/// Longest id, address or name that is taken, in bytes.
pub const MAX_VALUE: usize = 1_024;

/// Longest id of a message, in bytes. The history keeps it with each id that the message changes.
pub const MAX_MESSAGE_ID: usize = 255;

/// Largest `additional_info` that is taken, in bytes of its JSON. It is kept with each entry of the history, and a resolve of
/// thousands of ids answers with that of each.
pub const MAX_INFO: usize = 4_096;

/// What a message does with ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Give ids their first address.
    Link,
    /// Give linked ids another address.
    Update,
    /// Remove the address of ids.
    Unlink,
    /// Find addresses.
    Resolve,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Link, Self::Update, Self::Unlink, Self::Resolve];

    /// `header.action`, and the last part of the path.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Update => "update",
            Self::Unlink => "unlink",
            Self::Resolve => "resolve",
        }
    }

    /// The operation of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.as_str() == text)
    }
}

/// One id to link, update or unlink. Its `Debug` shows nothing of it.
#[derive(Clone, Default)]
pub struct Item {
    /// The person.
    pub id: String,
    /// The address; `None` on unlink stands for any.
    pub fa: Option<String>,
    /// The person's name; `None` leaves it.
    pub name: Option<String>,
    /// The person's phone; `None` leaves it.
    pub phone: Option<String>,
    /// `additional_info`; `None` leaves it.
    pub info: Option<Vec<Value>>,
    /// Why the dialect could not read the item.
    pub unreadable: Option<Refusal>,
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Item").finish_non_exhaustive()
    }
}

/// Why an item is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The id is empty.
    IdMissing,
    /// The address is empty.
    FaMissing,
    /// Longer than [`MAX_VALUE`], or with control characters.
    IdMalformed,
    /// As above, for the address.
    FaMalformed,
    /// As above, for the name or the phone number.
    NameMalformed,
    /// Larger than [`MAX_INFO`].
    InfoTooLarge,
    /// The address of the newer dialect could not be written: why.
    FaUnwritable(String),
    /// The directory does not have what the address names, or it cannot be an account there: which part.
    NotInDirectory(&'static str),
    /// The reference id is empty. Asked of strict partners, as the next two.
    ReferenceMissing,
    /// An earlier item of the batch has the same reference id.
    ReferenceRepeated,
    /// The time is none, or has no zone.
    TimestampInvalid,
    /// The partner has to name the person, and does not.
    NameMissing,
    /// The person whom the id is known for has another name.
    NameDiffers,
    /// An earlier item of the batch has the same id.
    RepeatedInBatch,
    /// Link of an id that has an address.
    AlreadyMapped,
    /// Update or unlink of an id that has none, or another one.
    NotLinked,
    /// The partner may not touch ids of this kind.
    IdForbidden,
    /// The id may not be changed.
    Frozen,
}

impl Refusal {
    /// The text; those that deployed clients compare with stand in [`text`].
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::IdMissing => text::ID_IS_NULL,
            Self::FaMissing => text::FA_IS_NULL,
            Self::IdMalformed => "the id is too long, has control characters or begins with enc:",
            Self::FaMalformed => "the address is too long, has control characters or begins with enc:",
            Self::NameMalformed => {
                "the name or the phone number is too long, has control characters or begins with enc:"
            }
            Self::InfoTooLarge => "additional_info is larger than 4096 bytes",
            Self::FaUnwritable(why) => why,
            Self::NotInDirectory(why) => why,
            Self::ReferenceMissing => text::REFERENCE_MISSING,
            Self::ReferenceRepeated => text::REFERENCE_REPEATED,
            Self::TimestampInvalid => text::TIMESTAMP_INVALID,
            Self::NameMissing => "this partner has to give the name of the person",
            Self::NameDiffers => "the name is not the one that this id is known for",
            Self::RepeatedInBatch => "this id stands twice in the message",
            Self::AlreadyMapped => text::ALREADY_MAPPED,
            Self::NotLinked => text::NOT_LINKED,
            Self::IdForbidden => "this partner may not use ids of this kind",
            Self::Frozen => text::FROZEN,
        }
    }

    /// The reason code. Deployed mappers answer an update of an unknown id with the code of a repeated reference, which
    /// sends a client looking in the wrong place; here it is the id that is wrong, as on unlink.
    #[must_use]
    pub const fn code(&self, operation: Operation) -> &'static str {
        match (self, operation) {
            // Only link has a code for anything else.
            (Self::Frozen | Self::InfoTooLarge, Operation::Link) => LinkReason::OtherError.as_str(),
            (Self::Frozen | Self::IdMissing | Self::IdMalformed | Self::IdForbidden | Self::NotLinked, _) => {
                UnlinkReason::IdInvalid.as_str()
            }
            (
                Self::FaMissing
                | Self::FaMalformed
                | Self::FaUnwritable(_)
                | Self::NotInDirectory(_)
                | Self::InfoTooLarge,
                _,
            ) => LinkReason::FaInvalid.as_str(),
            (Self::NameMalformed | Self::NameMissing | Self::NameDiffers, Operation::Link) => {
                LinkReason::NameInvalid.as_str()
            }
            (Self::NameMalformed | Self::NameMissing | Self::NameDiffers, _) => {
                UpdateReason::BeneficiaryNameInvalid.as_str()
            }
            (Self::ReferenceMissing, _) => LinkReason::ReferenceIdInvalid.as_str(),
            (Self::TimestampInvalid, _) => LinkReason::TimestampInvalid.as_str(),
            (Self::RepeatedInBatch | Self::ReferenceRepeated | Self::AlreadyMapped, _) => {
                LinkReason::ReferenceIdDuplicate.as_str()
            }
        }
    }
}

/// Texts that deployed clients compare with.
pub mod text {
    /// Empty id.
    pub const ID_IS_NULL: &str = "ID is null";
    /// Empty address.
    pub const FA_IS_NULL: &str = "FA is null";
    /// Link of an id that has an address.
    pub const ALREADY_MAPPED: &str = "ID and FA are already mapped";
    /// Update, unlink or resolve of an unknown id.
    pub const NOT_LINKED: &str = "ID doesnt exist please link first";
    /// Link, update or unlink of a frozen id.
    pub const FROZEN: &str = "this id is frozen; ask the operator of the mapper";
    /// An item of a strict partner without a reference id.
    pub const REFERENCE_MISSING: &str = "reference_id is missing";
    /// An item of a strict partner with the reference id of another one.
    pub const REFERENCE_REPEATED: &str = "this reference_id stands twice in the message";
    /// An item of a strict partner without a time.
    pub const TIMESTAMP_INVALID: &str = "timestamp must be a time as in RFC 3339, with its zone";
    /// Resolve with neither id nor address.
    pub const ID_OR_FA_REQUIRED: &str = "Either ID or FA are required";
}

/// Too long, with control characters, or what a sealed value looks like.
fn malformed(value: &str) -> bool {
    value.len() > MAX_VALUE || value.starts_with(SEALED) || value.chars().any(char::is_control)
}

/// Decides for each item by itself whether it goes to the database.
#[must_use]
pub fn admit(items: &[Item], operation: Operation, may_use: impl Fn(&str) -> bool) -> Vec<Option<Refusal>> {
    items.iter().map(|item| refuse(item, operation, &may_use)).collect()
}

/// Of several items with one id the first that is otherwise right wins and the others are refused, so that one message has
/// one meaning.
pub fn refuse_repeated(items: &[Item], operation: Operation, refusals: &mut [Option<Refusal>]) {
    let mut seen = HashSet::with_capacity(items.len());
    // When the first is done, the id of the second is mapped.
    let repeated =
        if operation == Operation::Link { Refusal::AlreadyMapped } else { Refusal::RepeatedInBatch };
    for (item, refusal) in items.iter().zip(refusals) {
        if refusal.is_none() && !seen.insert(item.id.as_str()) {
            *refusal = Some(repeated.clone());
        }
    }
}

/// What an item says of itself: its reference id, and its time where its dialect has one.
pub type Mark<'a> = (&'a str, Option<&'a str>);

/// Which of the items do not say of themselves what a strict partner's must: a reference id of their own, and a time with
/// its zone.
#[must_use]
pub fn misnamed(marks: &[Mark<'_>]) -> Vec<Option<Refusal>> {
    let mut seen = HashSet::with_capacity(marks.len());
    marks
        .iter()
        .map(|&(reference, time)| {
            if reference.is_empty() {
                return Some(Refusal::ReferenceMissing);
            }
            if time.is_some_and(|time| OffsetDateTime::parse(time, &Rfc3339).is_err()) {
                return Some(Refusal::TimestampInvalid);
            }
            (!seen.insert(reference)).then_some(Refusal::ReferenceRepeated)
        })
        .collect()
}

fn refuse(item: &Item, operation: Operation, may_use: &impl Fn(&str) -> bool) -> Option<Refusal> {
    let fa = item.fa.as_deref();
    if item.id.is_empty() {
        return Some(Refusal::IdMissing);
    }
    if malformed(&item.id) {
        return Some(Refusal::IdMalformed);
    }
    if !may_use(&item.id) {
        return Some(Refusal::IdForbidden);
    }
    if let Some(unreadable) = &item.unreadable {
        return Some(unreadable.clone());
    }
    if fa == Some("") || (fa.is_none() && operation != Operation::Unlink) {
        return Some(Refusal::FaMissing);
    }
    if fa.is_some_and(malformed) {
        return Some(Refusal::FaMalformed);
    }
    if operation == Operation::Unlink {
        return None;
    }
    let wrong = |text: &Option<String>| text.as_deref().is_some_and(malformed);
    if wrong(&item.name) || wrong(&item.phone) {
        return Some(Refusal::NameMalformed);
    }
    item.info.as_deref().is_some_and(is_too_large).then_some(Refusal::InfoTooLarge)
}

/// Whether the JSON of a list has more than [`MAX_INFO`] bytes. It is not written further than that.
fn is_too_large(info: &[Value]) -> bool {
    struct Room(usize);
    impl std::io::Write for Room {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::WriteZero)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    serde_json::to_writer(Room(MAX_INFO), info).is_err()
}

/// How much a resolve tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Only whether there is a link.
    YesNo,
    /// The address too.
    Details,
    /// Not a scope we know.
    Unsupported,
}

/// One id, address, or pair of them to resolve; the empty text where it is not given.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The person.
    pub id: &'a str,
    /// The address.
    pub fa: &'a str,
    /// How much to tell.
    pub scope: Scope,
}

/// What a resolve found, or why it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// The reason code.
    pub reason: ResolveReason,
    /// The text beside it.
    pub text: Option<&'static str>,
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{Item, MAX_INFO, Operation, Refusal, admit, misnamed, refuse_repeated};

    fn item(id: &str, fa: Option<&str>) -> Item {
        Item { id: id.to_owned(), fa: fa.map(str::to_owned), ..Item::default() }
    }

    #[test]
    fn a_bad_item_never_harms_its_neighbours() {
        let items = [
            item("a", Some("x")),
            item("", Some("x")),
            item("b", Some("")),
            item("b", Some("z")),
            item("a", Some("y")),
            item("c", None),
            item("d\n", Some("x")),
            item("forbidden", Some("x")),
        ];
        let mut verdicts = admit(&items, Operation::Update, |id| id != "forbidden");
        refuse_repeated(&items, Operation::Update, &mut verdicts);
        assert_eq!(
            verdicts,
            [
                None,
                Some(Refusal::IdMissing),
                Some(Refusal::FaMissing),
                None,
                Some(Refusal::RepeatedInBatch),
                Some(Refusal::FaMissing),
                Some(Refusal::IdMalformed),
                Some(Refusal::IdForbidden),
            ]
        );
        assert_eq!(admit(&items, Operation::Unlink, |_| true).get(5), Some(&None), "any address");
    }

    #[test]
    fn what_is_kept_beside_an_address_is_small() {
        let with = |length: usize| Item {
            // Quotation marks and brackets are part of it.
            info: Some(vec![Value::String("x".repeat(length - 4))]),
            ..item("a", Some("x"))
        };
        let items = [with(MAX_INFO), with(MAX_INFO + 1)];
        assert_eq!(admit(&items, Operation::Link, |_| true), [None, Some(Refusal::InfoTooLarge)]);
        assert_eq!(admit(&items, Operation::Unlink, |_| true), [None, None], "it is not looked at");
    }

    #[test]
    fn a_refused_item_takes_no_place_of_a_later_one_with_its_id() {
        let items = [item("a", Some("x")), item("a", Some("y")), item("a", Some("z"))];
        let mut verdicts = vec![Some(Refusal::NotInDirectory("bank_code")), None, None];
        refuse_repeated(&items, Operation::Link, &mut verdicts);
        assert_eq!(
            verdicts,
            [Some(Refusal::NotInDirectory("bank_code")), None, Some(Refusal::AlreadyMapped)]
        );
    }

    #[test]
    fn a_strict_item_has_a_reference_of_its_own_and_a_time_with_its_zone() {
        let at = Some("2026-01-01T00:00:00Z");
        let marks = [
            ("a", at),
            ("", at),
            ("b", Some("2026-01-01T00:00:00")),
            ("b", at),
            ("a", at),
            ("c", None),
            ("d", Some("")),
        ];
        assert_eq!(
            misnamed(&marks),
            [
                None,
                Some(Refusal::ReferenceMissing),
                Some(Refusal::TimestampInvalid),
                None,
                Some(Refusal::ReferenceRepeated),
                None,
                Some(Refusal::TimestampInvalid),
            ]
        );
    }
}
