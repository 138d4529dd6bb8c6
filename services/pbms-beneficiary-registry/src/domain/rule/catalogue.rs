//! What a rule may speak of: the attributes of a household and of its members, with their types.

/// Type of an attribute or of a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Whole or decimal number; both compare with each other.
    Number,
    /// Text.
    Text,
    /// Calendar day; in rules a text `YYYY-MM-DD`.
    Date,
    /// Several texts; asked with `'Head' in m.kind`.
    TextList,
}

impl Type {
    /// For messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Date => "a date",
            Self::TextList => "a list of texts",
        }
    }

    /// Whether `<` means something.
    #[must_use]
    pub const fn is_ordered(self) -> bool {
        matches!(self, Self::Number | Self::Date)
    }
}

/// Whose attribute it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entity {
    /// Written as its bare name.
    Household,
    /// Written as `m.name`, where `m` stands for one of `members`.
    Member,
}

/// How the value is had in SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A column.
    Column(&'static str),
    /// Full years between the column `birth_date` and the reference date; unknown when born after it.
    AgeFromBirthDate,
}

/// One attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute {
    /// Name in rules.
    pub name: &'static str,
    /// Whose.
    pub entity: Entity,
    /// Type.
    pub kind: Type,
    /// Where the value comes from.
    pub source: Source,
    /// What the programme's field policy must contain for the value to be there.
    pub pulled_as: &'static str,
}

const fn attribute(
    name: &'static str,
    entity: Entity,
    kind: Type,
    source: Source,
    pulled_as: &'static str,
) -> Attribute {
    Attribute { name, entity, kind, source, pulled_as }
}

/// Every attribute that rules know.
pub const ATTRIBUTES: &[Attribute] = &[
    attribute(
        "poverty_score",
        Entity::Household,
        Type::Number,
        Source::Column("poverty_score"),
        "poverty_score",
    ),
    attribute("group_size", Entity::Household, Type::Number, Source::Column("group_size"), "group_size"),
    attribute("district", Entity::Household, Type::Text, Source::Column("district"), "district"),
    attribute(
        "registration_date",
        Entity::Household,
        Type::Date,
        Source::Column("registration_date"),
        "registration_date",
    ),
    attribute("age", Entity::Member, Type::Number, Source::AgeFromBirthDate, "members.birth_date"),
    attribute("birth_date", Entity::Member, Type::Date, Source::Column("birth_date"), "members.birth_date"),
    attribute("gender", Entity::Member, Type::Text, Source::Column("gender"), "members.gender"),
    attribute("kind", Entity::Member, Type::TextList, Source::Column("kinds"), "members.kind"),
];

/// What a field policy may contain. `members.identifiers` is never read by rules: it is hashed for look-ups.
pub const PULLABLE: &[&str] = &[
    "poverty_score",
    "registration_date",
    "district",
    "group_size",
    "members.kind",
    "members.birth_date",
    "members.gender",
    "members.identifiers",
];

/// The attribute of this name.
#[must_use]
pub fn find(entity: Entity, name: &str) -> Option<&'static Attribute> {
    ATTRIBUTES.iter().find(|a| a.entity == entity && a.name == name)
}

/// Names of all attributes of an entity, for messages.
#[must_use]
pub fn names(entity: Entity) -> String {
    let names: Vec<&str> = ATTRIBUTES.iter().filter(|a| a.entity == entity).map(|a| a.name).collect();
    names.join(", ")
}
