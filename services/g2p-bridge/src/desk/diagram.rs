//! The progress bar and the diagram of the payments' states, as places of shapes; the template draws them.

use pages::Translator;

use crate::{domain::disbursement::State, store::tally::Tally};

use super::words;

/// A part of the progress bar, in thousandths of its length.
pub(super) struct Part {
    pub x: i64,
    pub width: i64,
    pub kind: &'static str,
}

/// A box with a state and its count.
pub(super) struct Node {
    pub x: i32,
    pub y: i32,
    pub name: String,
    pub count: String,
    /// `good`, `wait`, `bad` or `off`; `none` when no payment is in it.
    pub kind: &'static str,
}

/// An arrow from one box to another.
pub(super) struct Arrow {
    pub path: String,
}

/// Both, with the sentences that say the same.
pub(super) struct Diagram {
    pub parts: Vec<Part>,
    pub progress: String,
    pub nodes: Vec<Node>,
    pub arrows: Vec<Arrow>,
    pub description: String,
}

const WIDTH: i32 = 130;
const HEIGHT: i32 = 56;
const STEP_X: i32 = 170;
const STEP_Y: i32 = 100;

/// Column and row of each state.
const PLACES: [(State, i32, i32); 9] = [
    (State::Received, 0, 0),
    (State::Resolved, 1, 0),
    (State::Sending, 2, 0),
    (State::Accepted, 3, 0),
    (State::Paid, 4, 0),
    (State::Cancelled, 0, 1),
    (State::Rejected, 1, 1),
    (State::Unknown, 2, 1),
    (State::Reversed, 4, 1),
];

/// From, to: the ways that payments mostly go. All rejected ones have one box.
const WAYS: [(State, State); 9] = [
    (State::Received, State::Resolved),
    (State::Resolved, State::Sending),
    (State::Sending, State::Accepted),
    (State::Accepted, State::Paid),
    (State::Received, State::Cancelled),
    (State::Resolved, State::Rejected),
    (State::Sending, State::Unknown),
    (State::Unknown, State::Accepted),
    (State::Paid, State::Reversed),
];

/// Whether a state belongs to a part of the bar.
type Belongs = fn(State) -> bool;

/// Draws the tally.
pub(super) fn of(t: &Translator, tally: &Tally) -> Diagram {
    let total = tally.sum(|_| true).count.max(1);
    let groups: [(&'static str, Belongs); 4] = [
        ("good", |s| s == State::Paid),
        ("wait", |s| matches!(s, State::Sending | State::Unknown | State::Accepted)),
        ("bad", |s| matches!(s, State::Rejected | State::Reversed | State::Cancelled)),
        ("off", |s| matches!(s, State::Received | State::Resolved)),
    ];
    let (mut parts, mut done) = (Vec::new(), 0_i64);
    for (kind, belongs) in groups {
        let count = tally.sum(belongs).count;
        let (from, to) = (thousandths(done, total), thousandths(done + count, total));
        done += count;
        if to > from {
            parts.push(Part { x: from, width: to - from, kind });
        }
    }
    let place = |state: State| {
        PLACES
            .iter()
            .find(|(s, ..)| *s == state)
            .map_or((0, 0), |(_, x, y)| (10 + x * STEP_X, 10 + y * STEP_Y))
    };
    let nodes = PLACES.map(|(state, ..)| {
        let (x, y) = place(state);
        let count = tally.of(state).count;
        let kind = if count == 0 { "none" } else { words::kind_of(state) };
        Node { x, y, name: words::state(t, state), count: words::number(t, count), kind }
    });
    let arrows = WAYS.map(|(from, to)| Arrow { path: arrow(place(from), place(to)) });
    let sentences: Vec<String> = tally
        .iter()
        .map(|(state, sum)| format!("{}: {}", words::state(t, state), words::number(t, sum.count)))
        .collect();
    let (paid, all) = (tally.of(State::Paid).count, tally.sum(|_| true).count);
    Diagram {
        parts,
        progress: t.say_all(
            "desk-progress",
            &[
                ("paid", &words::number(t, paid)),
                ("all", &words::number(t, all)),
                ("percent", &(thousandths(paid, total) / 10).to_string()),
            ],
        ),
        nodes: nodes.into(),
        arrows: arrows.into(),
        description: if sentences.is_empty() { t.say("desk-no-payments") } else { sentences.join(", ") },
    }
}

fn thousandths(part: i64, total: i64) -> i64 {
    i64::try_from(i128::from(part) * 1000 / i128::from(total)).unwrap_or(0)
}

/// From the edge of one box to the edge of another: along the row, down the column, or up to the next column.
fn arrow((x1, y1): (i32, i32), (x2, y2): (i32, i32)) -> String {
    if y1 == y2 {
        let (from, to, y) = (x1 + WIDTH, x2 - 2, y1 + HEIGHT / 2);
        format!("M{from} {y}H{to}m-8 -5l8 5l-8 5")
    } else if x1 == x2 {
        let (from, to, x) = (y1 + HEIGHT, y2 - 2, x1 + WIDTH / 2);
        format!("M{x} {from}V{to}m-5 -8l5 8l5 -8")
    } else {
        let (from, y, x, to) = (x1 + WIDTH, y1 + HEIGHT / 2, x2 + WIDTH / 2, y2 + HEIGHT + 2);
        format!("M{from} {y}H{x}V{to}m-5 8l5 -8l5 8")
    }
}
