//! Headers a page is sent with.

/// Allows our own origin only: no inline script or style, no frame around us, no other target for forms.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; \
                                           frame-ancestors 'none'; object-src 'none'";

/// For every page. What a page shows about a person is kept by no cache and told to no other site.
pub const PAGE: &[(&str, &str)] = &[
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("Cache-Control", "no-store"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
];

/// For assets: their names change with their content, so they may be kept for a year.
pub const ASSET: &[(&str, &str)] =
    &[("Cache-Control", "public, max-age=31536000, immutable"), ("X-Content-Type-Options", "nosniff")];
