//! What the services that show pages share: the page shell and its components (askama templates in `templates/`), one
//! style sheet, translations, forms, protection against forged requests, and the headers a page is sent with.
//!
//! A service adds its own templates and texts only. Its `askama.toml` names both folders:
//!
//! ```toml
//! [general]
//! dirs = ["pages", "../../crates/pages/templates"]
//! ```
//!
//! and each of its templates begins with `{% extends "layout.html" %}` and `{% import "components.html" as ui %}`. The
//! view struct has a field `page: pages::Page`. No web framework here: the service turns the text into a response.

pub mod assets;
mod csrf;
mod form;
mod format;
pub mod headers;
mod i18n;
pub mod keys;
mod page;

pub use csrf::Csrf;
pub use form::{Choice, Field, Form, FormError, Problem};
pub use i18n::{COMMON, Key, Source, TranslationError, Translations, Translator};
pub use page::{LanguageLink, NavLink, Page};
