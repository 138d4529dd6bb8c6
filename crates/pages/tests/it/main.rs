//! The shell and the components, rendered as a service does it, and what the style sheet promises.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use askama::Template;
use pages::{Choice, Field, LanguageLink, NavLink, Page, Problem, Translations, assets, headers};

#[derive(Template)]
#[template(path = "sample.html")]
struct Sample {
    page: Page,
    name: Field,
    kind: Choice,
    bank: Choice,
}

fn page(problems: Vec<Problem>) -> Page {
    Page {
        t: Translations::new(&[]).unwrap().choose(None, None),
        title: "A <title>".to_owned(),
        site: "Site".to_owned(),
        base: "/base".to_owned(),
        home: "/".to_owned(),
        sign_out: "/sign-out".to_owned(),
        wide: false,
        nav: vec![NavLink { href: "/base/a".to_owned(), text: "A".to_owned(), current: true }],
        back: "/base/".to_owned(),
        csrf: "token".to_owned(),
        signed_in: true,
        problems,
        help: "Call \"us\"".to_owned(),
        languages: [("en", "English"), ("ar", "العربية")].map(|(code, name)| language(code, name)).to_vec(),
    }
}

fn language(code: &'static str, name: &'static str) -> LanguageLink {
    LanguageLink { href: format!("/base/a?language={code}"), code, name, current: code == "en" }
}

fn sample(problems: Vec<Problem>) -> String {
    let options = vec![("x".to_owned(), "X & Y".to_owned()), ("z".to_owned(), "Z".to_owned())];
    let page = page(problems);
    let view = Sample {
        name: Field::text("name", "Name".to_owned())
            .hint("As written".to_owned())
            .filled("\"><b>", &page.problems),
        kind: Choice::new("kind", "Which kind?".to_owned(), options.clone()).filled("z", &page.problems),
        bank: Choice::new("bank", "Bank".to_owned(), options).filled("", &page.problems),
        page,
    };
    view.render().unwrap()
}

#[test]
fn everything_from_outside_is_escaped() {
    let html = sample(vec![]);
    assert!(html.contains("A &#60;title&#62; – Site"), "{html}");
    assert!(html.contains("value=\"&#34;&#62;&#60;b&#62;\""), "{html}");
    assert!(html.contains("Call &#34;us&#34;"), "{html}");
}

#[test]
fn a_problem_stands_at_the_top_with_a_link_and_beside_its_field() {
    let html = sample(vec![Problem { field: "name", message: "Enter your name".to_owned() }]);
    assert!(html.contains("<title>Something is missing or wrong: A"), "{html}");
    assert!(
        html.contains("role=\"alert\"") && html.contains("<a href=\"#name\">Enter your name</a>"),
        "{html}"
    );
    assert!(
        html.contains("<p class=\"error\" id=\"name-error\"><strong>Error:</strong> Enter your name</p>"),
        "{html}"
    );
    assert!(html.contains("aria-describedby=\"name-hint name-error\" aria-invalid=\"true\""), "{html}");
    assert!(!html.contains("id=\"kind-error\""), "only the wrong field is marked");
}

#[test]
fn what_was_chosen_stays_chosen_and_each_field_can_be_linked_to() {
    let html = sample(vec![]);
    assert!(html.contains("value=\"z\" checked"), "{html}");
    assert!(html.contains("<option value=\"\">Choose one</option>"), "{html}");
    for id in ["id=\"name\"", "id=\"kind\"", "id=\"bank\""] {
        assert_eq!(html.matches(id).count(), 1, "{id} in {html}");
    }
    assert!(!html.contains("role=\"alert\""));
}

#[test]
fn each_language_is_named_in_itself() {
    let html = sample(vec![]);
    assert!(
        html.contains("<a href=\"/base/a?language=ar\" lang=\"ar\" hreflang=\"ar\">العربية</a>"),
        "{html}"
    );
    assert!(html.contains("lang=\"en\" hreflang=\"en\" aria-current=\"true\">English</a>"), "{html}");
}

#[test]
fn addresses_have_the_base_path_and_nothing_is_inline_or_from_elsewhere() {
    let html = sample(vec![]);
    assert!(html.contains(&format!("href=\"/base/assets/{}\"", assets::css().file)), "{html}");
    assert!(html.contains("action=\"/base/sign-out\""), "{html}");
    for forbidden in ["<style", "style=\"", "<script", "onclick", "http://", "https://"] {
        assert!(!html.contains(forbidden), "{forbidden} in {html}");
    }
    assert!(headers::CONTENT_SECURITY_POLICY.starts_with("default-src 'self';"));
    assert!(!headers::CONTENT_SECURITY_POLICY.contains("unsafe"));
}

#[test]
fn the_style_sheet_is_small_logical_and_readable() {
    let css = std::str::from_utf8(assets::css().bytes).unwrap();
    assert!(css.len() < 15_000, "{} bytes", css.len());
    for physical in
        ["margin-left", "margin-right", "padding-left", "padding-right", "text-align: left", "float:", "url("]
    {
        assert!(!css.contains(physical), "{physical}");
    }
    for name in ["--ink", "--quiet", "--accent", "--accent-dark", "--good", "--wait", "--bad"] {
        let colour = css.split(&format!("{name}: #")).nth(1).unwrap().split(';').next().unwrap();
        let contrast = 1.05 / (luminance(colour) + 0.05);
        assert!(contrast >= 7.0, "{name} has {contrast:.1}:1 on white");
    }
}

/// Relative luminance as of WCAG 2.2.
fn luminance(colour: &str) -> f64 {
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}
