//! Cookies of browsers, and whether a request comes from a page of ours.

use actix_web::{HttpRequest, http::header};
use platform::RequestOrigin;

use crate::State;

/// Stem of the name of the cookie with a person's session.
pub(super) const SESSION: &str = "session";

/// Whether the browser came by HTTPS, as far as is known.
pub(super) fn is_https(req: &HttpRequest, state: &State) -> bool {
    RequestOrigin::of(req).is_https() || state.config.public_url.starts_with("https://")
}

/// What the session's cookie says, of a browser in which somebody signed in.
pub(super) fn session_cookie<'r>(req: &'r HttpRequest, state: &State) -> Option<&'r str> {
    browser_cookie(req, SESSION, is_https(req, state)).filter(|id| id.starts_with("s."))
}

/// Value of a cookie that is bound to this host.
pub(super) fn browser_cookie<'r>(req: &'r HttpRequest, stem: &str, https: bool) -> Option<&'r str> {
    cookie(req, &cookie_name(stem, https)).filter(|id| (20..=100).contains(&id.len()))
}

/// Takes the session's cookie away.
pub(super) fn end_of_cookie(req: &HttpRequest, state: &State) -> String {
    format!("{}; Max-Age=0", set_cookie(SESSION, is_https(req, state), ""))
}

/// Whether a browser says that a page of ours sent this. Browsers say it with every request that can change something,
/// and no page can say it for them.
pub(super) fn same_origin(req: &HttpRequest, state: &State) -> bool {
    if let Some(site) = req.headers().get("Sec-Fetch-Site") {
        return site == "same-origin";
    }
    let public = &state.config.public_url;
    let ours = match public.splitn(4, '/').collect::<Vec<_>>().as_slice() {
        [scheme, "", host, ..] => format!("{scheme}//{host}"),
        _ => RequestOrigin::of(req).url(),
    };
    req.headers().get(header::ORIGIN).is_some_and(|origin| origin.as_bytes() == ours.as_bytes())
}

/// A cookie for this host that ends with the browser.
pub(super) fn set_cookie(stem: &str, https: bool, id: &str) -> String {
    let secure = if https { "; Secure" } else { "" };
    format!("{}={id}; Path=/; HttpOnly; SameSite=Lax{secure}", cookie_name(stem, https))
}

/// The prefix `__Host-` makes browsers insist on https, this host and no domain.
fn cookie_name(stem: &str, https: bool) -> String {
    if https { format!("__Host-{stem}") } else { stem.to_owned() }
}

/// Value of a cookie of this name.
pub(super) fn cookie<'r>(req: &'r HttpRequest, name: &str) -> Option<&'r str> {
    let all = req.headers().get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
    all.flat_map(|text| text.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}
