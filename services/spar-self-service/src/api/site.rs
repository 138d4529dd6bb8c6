//! What all pages share.

use pages::{Csrf, Source, Translations};
use platform::CommonConfig;

const fn text(language: &'static str, text: &'static str) -> Source {
    Source { language, area: "self-service", text }
}

/// The texts of these pages in every language there is.
const TEXTS: &[Source] = &[
    text("en", include_str!("../../locales/en/self-service.ftl")),
    text("fr", include_str!("../../locales/fr/self-service.ftl")),
    text("ar", include_str!("../../locales/ar/self-service.ftl")),
    text("es", include_str!("../../locales/es/self-service.ftl")),
    text("fil", include_str!("../../locales/fil/self-service.ftl")),
    text("am", include_str!("../../locales/am/self-service.ftl")),
];

/// The texts of the pages for staff, in English only.
const HELPDESK: Source =
    Source { language: "en", area: "helpdesk", text: include_str!("../../locales/en/helpdesk.ftl") };

/// All of them.
fn texts() -> Vec<Source> {
    TEXTS.iter().copied().chain([HELPDESK]).collect()
}

/// Texts, tokens and addresses, made once at start.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) translations: Translations,
    pub(crate) csrf: Csrf,
    /// Prefix of every address.
    pub(crate) base: String,
}

impl Site {
    /// # Errors
    /// When the texts cannot be read.
    pub(crate) fn new(secret: &[u8], settings: &CommonConfig, hidden: &[String]) -> anyhow::Result<Self> {
        Ok(Self {
            translations: Translations::new(&texts())?.without(hidden),
            csrf: Csrf::new(secret),
            base: settings.base_path.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::texts;

    #[test]
    fn every_text_is_there_and_used() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let wrong = pages::keys::check(&texts(), &[&root.join("pages"), &root.join("src")]);
        assert_eq!(wrong, Vec::<String>::new());
    }
}
