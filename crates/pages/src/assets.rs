//! The style sheet and the icon, inside the binary, under names that change with their content.

use std::sync::LazyLock;

use g2p_crypto::sha256_hex;

/// A file that pages refer to.
#[derive(Debug)]
pub struct Asset {
    /// Name with the hash of the content: `pages-0123456789ab.css`.
    pub file: String,
    /// MIME type.
    pub content_type: &'static str,
    /// The content.
    pub bytes: &'static [u8],
}

impl Asset {
    fn new(stem: &str, extension: &str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let hash: String = sha256_hex(bytes).chars().take(12).collect();
        Self { file: format!("{stem}-{hash}.{extension}"), content_type, bytes }
    }
}

static CSS: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("pages", "css", "text/css; charset=utf-8", include_bytes!("../assets/pages.css"))
});
static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_bytes!("../assets/icon.svg")));

/// The style sheet.
#[must_use]
pub fn css() -> &'static Asset {
    &CSS
}

/// The icon.
#[must_use]
pub fn icon() -> &'static Asset {
    &ICON
}

/// The asset of this file name, as it stands in pages (`/assets/<file>`).
#[must_use]
pub fn find(file: &str) -> Option<&'static Asset> {
    [css(), icon()].into_iter().find(|asset| asset.file == file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::{css, find};

    #[test]
    fn an_asset_is_found_by_its_hashed_name_only() {
        assert_eq!(find(&css().file).unwrap().bytes, css().bytes);
        assert!(find("pages.css").is_none());
        assert!(find("../Cargo.toml").is_none());
    }
}
