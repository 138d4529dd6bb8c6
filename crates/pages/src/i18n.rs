//! Texts in the reader's language, from Fluent files: one for each language and area.

use std::sync::Arc;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

/// The languages that can be offered: code, name in the language itself, whether it is written from right to left.
const LANGUAGES: &[(&str, &str, bool)] = &[
    ("en", "English", false),
    ("fr", "Français", false),
    ("ar", "العربية", true),
    ("es", "Español", false),
    ("fil", "Filipino", false),
    ("am", "አማርኛ", false),
];

/// The language whose texts stand in for missing ones.
const FALLBACK: &str = "en";

/// The texts of one language and area. Areas share one space of keys.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// Code of the language: `en`, `ar`, `fil`.
    pub language: &'static str,
    /// What the texts are about: `common`, `self-service`. For error messages and the check of keys.
    pub area: &'static str,
    /// A Fluent file.
    pub text: &'static str,
}

/// The texts of the shell and the components, in every language there is.
pub const COMMON: &[Source] = &[
    common("en", include_str!("../locales/en/common.ftl")),
    common("fr", include_str!("../locales/fr/common.ftl")),
    common("ar", include_str!("../locales/ar/common.ftl")),
    common("es", include_str!("../locales/es/common.ftl")),
    common("fil", include_str!("../locales/fil/common.ftl")),
    common("am", include_str!("../locales/am/common.ftl")),
];

const fn common(language: &'static str, text: &'static str) -> Source {
    Source { language, area: "common", text }
}

/// The name of a text, for code that chooses texts. The check of keys finds it by this type's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(pub &'static str);

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        self.0
    }
}

/// Why texts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TranslationError {
    /// A file in a language that is not in the table of languages.
    #[error("the area {area} has texts in \"{language}\", which is no language of ours")]
    Language {
        /// Area.
        area: &'static str,
        /// Code.
        language: &'static str,
    },
    /// A file that is not Fluent, or a key that stands in two areas.
    #[error("texts {language}/{area}: {why}")]
    Text {
        /// Area.
        area: &'static str,
        /// Code.
        language: &'static str,
        /// What is wrong.
        why: String,
    },
    /// No English texts.
    #[error("there are no texts in English, which stand in for missing ones")]
    NoFallback,
}

struct Language {
    code: &'static str,
    name: &'static str,
    right_to_left: bool,
    bundle: FluentBundle<FluentResource>,
}

impl Language {
    fn format(&self, key: &str, args: Option<&FluentArgs<'_>>) -> Option<String> {
        let pattern = self.bundle.get_message(key)?.value()?;
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, args, &mut errors);
        debug_assert!(errors.is_empty(), "text {key} in {}: {errors:?}", self.code);
        Some(text.into_owned())
    }
}

/// All texts of a service, in all its languages. Made once at start.
pub struct Translations {
    languages: Vec<Arc<Language>>,
}

impl std::fmt::Debug for Translations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.languages.iter().map(|l| l.code)).finish()
    }
}

impl Translations {
    /// The texts of the shell ([`COMMON`]) and these.
    ///
    /// # Errors
    /// [`TranslationError`].
    pub fn new(sources: &[Source]) -> Result<Self, TranslationError> {
        let mut languages: Vec<Language> = Vec::new();
        // A language is offered when the service has texts in it; the shell alone is not enough.
        let offered = |code: &str| code == FALLBACK || sources.iter().any(|s| s.language == code);
        for source in COMMON.iter().chain(sources).filter(|s| offered(s.language)) {
            if !languages.iter().any(|l| l.code == source.language) {
                languages.push(empty_language(source)?);
            }
            if let Some(language) = languages.iter_mut().find(|l| l.code == source.language) {
                add(language, source)?;
            }
        }
        if !languages.iter().any(|l| l.code == FALLBACK) {
            return Err(TranslationError::NoFallback);
        }
        languages.sort_by_key(|l| LANGUAGES.iter().position(|(code, ..)| *code == l.code));
        Ok(Self { languages: languages.into_iter().map(Arc::new).collect() })
    }

    /// Checks a list of languages that are not to be offered.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_hidden(hidden: &[String]) -> Result<(), String> {
        for code in hidden {
            if code == FALLBACK {
                return Err("English cannot be hidden: it stands in for texts that are missing".to_owned());
            }
            if !LANGUAGES.iter().any(|(known, ..)| known == code) {
                return Err(format!("there are no texts in \"{code}\""));
            }
        }
        Ok(())
    }

    /// Without the languages of these codes. English stays in any case.
    #[must_use]
    pub fn without(mut self, hidden: &[String]) -> Self {
        self.languages.retain(|l| l.code == FALLBACK || !hidden.iter().any(|code| code == l.code));
        self
    }

    /// The best language: the one the reader chose before (cookie), else what the browser asks for, else English.
    #[must_use]
    pub fn choose(&self, chosen: Option<&str>, accept_language: Option<&str>) -> Translator {
        let wanted = chosen.into_iter().map(str::to_owned).chain(preferences(accept_language.unwrap_or("")));
        let language = wanted.into_iter().find_map(|tag| self.find(&tag)).or_else(|| self.find(FALLBACK));
        // `new` made sure that the fallback is there.
        let fallback = self.find(FALLBACK);
        Translator { language: language.clone(), fallback: fallback.or(language) }
    }

    /// Code and own name of each language offered.
    pub fn languages(&self) -> impl Iterator<Item = (&'static str, &'static str)> + '_ {
        self.languages.iter().map(|l| (l.code, l.name))
    }

    /// By the first part of a tag: `fr-CA` is French, `tl` is what Filipino was called before.
    fn find(&self, tag: &str) -> Option<Arc<Language>> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        let primary = if primary == "tl" { "fil" } else { &primary };
        self.languages.iter().find(|l| l.code == primary).cloned()
    }
}

fn empty_language(source: &Source) -> Result<Language, TranslationError> {
    let unknown = || TranslationError::Language { area: source.area, language: source.language };
    let &(code, name, right_to_left) =
        LANGUAGES.iter().find(|(code, ..)| *code == source.language).ok_or_else(unknown)?;
    let id: LanguageIdentifier = code.parse().map_err(|_| unknown())?;
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // Marks around inserted texts keep Latin codes in order inside a right-to-left sentence.
    bundle.set_use_isolating(right_to_left);
    Ok(Language { code, name, right_to_left, bundle })
}

fn add(language: &mut Language, source: &Source) -> Result<(), TranslationError> {
    let wrong = |why: String| TranslationError::Text { area: source.area, language: source.language, why };
    let resource = FluentResource::try_new(source.text.to_owned())
        .map_err(|(_, errors)| wrong(format!("not a Fluent file: {errors:?}")))?;
    language.bundle.add_resource(resource).map_err(|errors| wrong(format!("{errors:?}")))
}

/// Language tags of an `Accept-Language` header, the most wanted first. Of a hostile header the first 20 count.
fn preferences(header: &str) -> Vec<String> {
    let mut tags: Vec<(f32, String)> = header
        .split(',')
        .take(20)
        .filter_map(|part| {
            let (tag, quality) = part.split_once(';').unwrap_or((part, "q=1"));
            let quality: f32 = quality.trim().strip_prefix("q=")?.trim().parse().ok()?;
            (quality > 0.0).then(|| (quality, tag.trim().to_owned()))
        })
        .collect();
    tags.sort_by(|a, b| b.0.total_cmp(&a.0));
    tags.into_iter().map(|(_, tag)| tag).collect()
}

/// Texts in one language, those that are missing in English.
#[derive(Clone)]
pub struct Translator {
    language: Option<Arc<Language>>,
    fallback: Option<Arc<Language>>,
}

impl std::fmt::Debug for Translator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Translator({})", self.code())
    }
}

impl Translator {
    /// Code for `<html lang>`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.language.as_ref().map_or(FALLBACK, |l| l.code)
    }

    /// `ltr` or `rtl`, for `<html dir>`.
    #[must_use]
    pub fn dir(&self) -> &'static str {
        if self.language.as_ref().is_some_and(|l| l.right_to_left) { "rtl" } else { "ltr" }
    }

    /// A text.
    #[must_use]
    pub fn say<K: AsRef<str> + ?Sized>(&self, key: &K) -> String {
        self.format(key.as_ref(), None)
    }

    /// A text with one value in it.
    #[must_use]
    pub fn say1<K: AsRef<str> + ?Sized>(&self, key: &K, name: &str, value: &str) -> String {
        let mut args = FluentArgs::new();
        args.set(name, value);
        self.format(key.as_ref(), Some(&args))
    }

    /// A text with a number in it, `$count`, which also chooses among the plural forms.
    #[must_use]
    pub fn say_count<K: AsRef<str> + ?Sized>(&self, key: &K, count: u64) -> String {
        let mut args = FluentArgs::new();
        args.set("count", count);
        self.format(key.as_ref(), Some(&args))
    }

    /// A text with several values in it.
    #[must_use]
    pub fn say_all<K: AsRef<str> + ?Sized>(&self, key: &K, values: &[(&str, &str)]) -> String {
        let args = values.iter().map(|(name, value)| (*name, FluentValue::from(*value))).collect();
        self.format(key.as_ref(), Some(&args))
    }

    fn format(&self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let from = |language: &Option<Arc<Language>>| language.as_ref().and_then(|l| l.format(key, args));
        // A key that nobody has is a fault of ours that a test finds; the reader gets the page all the same.
        from(&self.language).or_else(|| from(&self.fallback)).unwrap_or_else(|| format!("[{key}]"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::{Source, Translations, preferences};

    const EN: Source = Source {
        language: "en",
        area: "test",
        text: "hello = Hello { $name }\nonly-english = Only here\npaid = { $count ->\n    [one] One payment\n   *[other] { $count } payments\n }\n",
    };
    const AR: Source = Source { language: "ar", area: "test", text: "hello = مرحبا { $name }\n" };

    fn translations() -> Translations {
        Translations::new(&[EN, AR]).unwrap()
    }

    #[test]
    fn the_choice_of_the_reader_beats_the_browser_and_the_browser_beats_english() {
        let all = translations();
        assert_eq!(all.choose(Some("en"), Some("ar")).code(), "en");
        assert_eq!(all.choose(None, Some("de;q=0.9, ar-EG;q=0.8, en;q=0.1")).code(), "ar");
        assert_eq!(all.choose(Some("xx"), Some("de")).code(), "en");
        assert_eq!(all.choose(None, None).code(), "en");
    }

    #[test]
    fn a_hidden_language_is_neither_offered_nor_chosen() {
        let rest = translations().without(&["ar".to_owned(), "en".to_owned()]);
        assert_eq!(rest.languages().collect::<Vec<_>>(), [("en", "English")]);
        assert_eq!(rest.choose(Some("ar"), Some("ar")).code(), "en");
        assert!(Translations::check_hidden(&["en".to_owned()]).is_err());
        assert!(Translations::check_hidden(&["de".to_owned()]).is_err());
        assert!(Translations::check_hidden(&["fil".to_owned()]).is_ok());
    }

    #[test]
    fn direction_comes_from_the_language_and_values_are_kept_in_order() {
        let arabic = translations().choose(Some("ar"), None);
        assert_eq!(arabic.dir(), "rtl");
        assert_eq!(arabic.say1("hello", "name", "KES"), "مرحبا \u{2068}KES\u{2069}");
        assert_eq!(translations().choose(None, None).say1("hello", "name", "you"), "Hello you");
    }

    #[test]
    fn a_text_that_is_missing_in_the_language_is_said_in_english() {
        let arabic = translations().choose(Some("ar"), None);
        assert_eq!(arabic.say("only-english"), "Only here");
        assert_eq!(arabic.say("nowhere"), "[nowhere]");
    }

    #[test]
    fn plural_forms_follow_the_number() {
        let english = translations().choose(None, None);
        assert_eq!(english.say_count("paid", 1), "One payment");
        assert_eq!(english.say_count("paid", 3), "3 payments");
    }

    #[test]
    fn a_hostile_header_is_read_without_harm() {
        let long = "ar;q=x,".repeat(10_000);
        assert!(preferences(&long).is_empty());
        assert_eq!(preferences("fr;q=0, es ; q=0.5 , am"), ["am", "es"]);
        assert_eq!(preferences("ar;q=nan"), Vec::<String>::new());
    }

    #[test]
    fn a_broken_file_is_named() {
        let broken = Source { language: "en", area: "broken", text: "= no key" };
        let error = Translations::new(&[broken]).unwrap_err().to_string();
        assert!(error.contains("en/broken"), "{error}");
        let twice = Translations::new(&[EN, EN]).unwrap_err().to_string();
        assert!(twice.contains("hello"), "{twice}");
    }
}
