//! What the shell of every page needs.

use crate::{Problem, Translator, assets};

/// A link of the menu.
#[derive(Debug, Clone)]
pub struct NavLink {
    /// Address.
    pub href: String,
    /// Text.
    pub text: String,
    /// Whether it is the page we are on.
    pub current: bool,
}

/// A language in which the page can be shown.
#[derive(Debug, Clone)]
pub struct LanguageLink {
    /// Address of the page in it.
    pub href: String,
    /// Its code.
    pub code: &'static str,
    /// Its name in itself.
    pub name: &'static str,
    /// Whether the page is in it.
    pub current: bool,
}

/// The shell of a page, for `layout.html`. A view has it in its field `page`.
#[derive(Debug, Clone)]
pub struct Page {
    /// Texts in the reader's language.
    pub t: Translator,
    /// Heading of the page, without the name of the site.
    pub title: String,
    /// Name of the site.
    pub site: String,
    /// Prefix of every address, as of `base_path`.
    pub base: String,
    /// Where the name of the site leads, below `base`.
    pub home: String,
    /// Where signing out is sent to, below `base`.
    pub sign_out: String,
    /// Whether the page is for staff, with room for tables.
    pub wide: bool,
    /// The menu; none is shown when it is empty.
    pub nav: Vec<NavLink>,
    /// Where "Back" leads; empty when there is no way back.
    pub back: String,
    /// Token for the forms of the page.
    pub csrf: String,
    /// Whether to offer to sign out (`POST {base}{sign_out}`).
    pub signed_in: bool,
    /// What is wrong with the form of the page: shown at the top, each with a link to its field.
    pub problems: Vec<Problem>,
    /// Whom to ask; stands at the foot of every page unless empty.
    pub help: String,
    /// Languages to choose from; nothing is shown when there is one only.
    pub languages: Vec<LanguageLink>,
}

impl Page {
    /// Address of the style sheet.
    #[must_use]
    pub fn css(&self) -> String {
        format!("{}/assets/{}", self.base, assets::css().file)
    }

    /// Name of the page's language in itself.
    #[must_use]
    pub fn language(&self) -> &'static str {
        self.languages.iter().find(|language| language.current).map_or("", |language| language.name)
    }

    /// Address of the icon.
    #[must_use]
    pub fn icon(&self) -> String {
        format!("{}/assets/{}", self.base, assets::icon().file)
    }
}
