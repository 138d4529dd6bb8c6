//! Who lives together: ages, kin and marriages of one household. Names come later.

use super::dice::Dice;
use super::names::Gender;

/// No household has more members.
pub(crate) const MAX_SIZE: usize = 14;

/// A mean year, in quarter days.
const QUARTER_DAYS_PER_YEAR: i32 = 1461;

/// Whose child a member is, as far as it matters for names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Father {
    /// Nobody in this household shares him.
    Unknown,
    /// A member of the household.
    Member(usize),
    /// Dead or away; members with the same number share him.
    Absent(usize),
}

/// One member before names.
#[derive(Clone)]
pub(crate) struct Member {
    /// Julian day of birth.
    pub born: i32,
    pub gender: Gender,
    /// Membership kind.
    pub kind: &'static str,
    /// Relation to the Head.
    pub relation: &'static str,
    pub father: Father,
    /// Whose family name she took when she married.
    pub husband: Option<usize>,
    pub marital: &'static str,
    /// Second of a pair of twins (the first is the member before).
    pub twin: bool,
}

/// Builds one household.
struct Family<'a> {
    dice: &'a mut Dice,
    today: i32,
    members: Vec<Member>,
    /// Poor families have more children.
    poor: bool,
}

#[derive(Clone, Copy, Default)]
enum Shape {
    #[default]
    Couple,
    CoupleWithParent,
    CoupleWithGrandchildren,
    SingleParent,
    Grandparents,
    Childless,
    Elderly,
    Alone,
    Orphans,
    Polygamous,
}

const SHAPES: &[(u64, Shape)] = &[
    (545, Shape::Couple),
    (70, Shape::CoupleWithParent),
    (60, Shape::CoupleWithGrandchildren),
    (145, Shape::SingleParent),
    (50, Shape::Grandparents),
    (25, Shape::Childless),
    (25, Shape::Elderly),
    (25, Shape::Alone),
    (12, Shape::Orphans),
    (43, Shape::Polygamous),
];

/// Of 1,000 births, how many are of twins.
const TWIN_BIRTHS: u64 = 12;
/// Of 1,000 households, how many have nobody registered as Head.
const HEADLESS: u64 = 6;

/// A household of at most `limit` members as of the Julian day `today`; the Head, if there is one, comes first.
pub(crate) fn household(dice: &mut Dice, today: i32, limit: usize, poor: bool) -> Vec<Member> {
    let shape = dice.weighted(SHAPES);
    let mut family = Family { dice, today, members: Vec::with_capacity(6), poor };
    family.fill(shape);
    if family.dice.chance(45) {
        family.orphans();
    }
    let mut members = family.members;
    members.truncate(limit.min(MAX_SIZE));
    if members.len() > 1 && dice.chance(HEADLESS) {
        for member in &mut members {
            (member.kind, member.relation) = ("Relative", "unknown");
        }
    } else if let Some(wife) = members.iter_mut().find(|m| m.relation == "wife") {
        // Some programmes ask who is to receive the money: mostly the wife is named.
        if dice.chance(60) {
            wife.kind = "Principal recipient";
        }
    }
    members
}

/// Whole years from the birth to `today`, both Julian days.
pub(crate) fn age(born: i32, today: i32) -> i32 {
    (today - born) * 4 / QUARTER_DAYS_PER_YEAR
}

fn years(count: i32) -> i32 {
    count * QUARTER_DAYS_PER_YEAR / 4
}

impl Family<'_> {
    fn fill(&mut self, shape: Shape) {
        match shape {
            Shape::Couple => {
                self.couple(20, 56);
                self.children_of_couple();
            }
            Shape::CoupleWithParent => {
                self.couple(24, 50);
                self.children_of_couple();
                self.parents();
            }
            Shape::CoupleWithGrandchildren => {
                self.couple(46, 74);
                self.children_of_couple();
                self.grown_child_with_children();
            }
            Shape::SingleParent => self.single_parent(),
            Shape::Grandparents => self.grandparents(),
            Shape::Childless => self.couple(19, 45),
            Shape::Elderly => {
                let alone = self.dice.chance(450);
                if alone { self.alone(62, 92, "widowed") } else { self.couple(62, 88) }
            }
            Shape::Alone => self.alone(19, 58, "single"),
            Shape::Orphans => self.child_headed(),
            Shape::Polygamous => self.polygamous(),
        }
    }

    fn born_at_age(&mut self, low: i32, high: i32) -> i32 {
        let age = self.dice.range(low, high);
        self.today - years(age) - 1 - self.dice.range(0, 363)
    }

    fn add(&mut self, born: i32, gender: Gender, kind: &'static str, relation: &'static str) -> usize {
        let marital = if age(born, self.today) < 16 { "" } else { "single" };
        let (father, husband, twin) = (Father::Unknown, None, false);
        self.members.push(Member { born, gender, kind, relation, father, husband, marital, twin });
        self.members.len() - 1
    }

    fn set(&mut self, at: usize, change: impl FnOnce(&mut Member)) {
        if let Some(member) = self.members.get_mut(at) {
            change(member);
        }
    }

    fn alone(&mut self, low: i32, high: i32, marital: &'static str) {
        let born = self.born_at_age(low, high);
        let gender = self.any_gender();
        let head = self.add(born, gender, "Head", "head");
        self.set(head, |m| m.marital = marital);
    }

    fn any_gender(&mut self) -> Gender {
        if self.dice.chance(512) { Gender::Male } else { Gender::Female }
    }

    /// Head and spouse; in one of six the wife is the Head. The man is mostly a few years older.
    fn couple(&mut self, low: i32, high: i32) {
        let mut middle = self.born_at_age(low, high);
        if self.dice.chance(500) {
            middle = middle.max(self.born_at_age(low, high));
        }
        let gap = self.dice.range(-2, 9).max(self.dice.range(-2, 9)) * 300;
        let youngest = self.today - years(18);
        let (man, woman) = ((middle - gap / 2).min(youngest), (middle + gap - gap / 2).min(youngest));
        let (first, second) = if self.dice.chance(840) {
            let head = self.add(man, Gender::Male, "Head", "head");
            (head, self.add(woman, Gender::Female, "Spouse", "wife"))
        } else {
            let head = self.add(woman, Gender::Female, "Head", "head");
            (head, self.add(man, Gender::Male, "Spouse", "husband"))
        };
        for (at, other) in [(first, second), (second, first)] {
            self.set(at, |m| {
                m.marital = "married";
                m.husband = (m.gender == Gender::Female).then_some(other);
            });
        }
    }

    /// Men of the couple come with their index, women with theirs.
    fn parents_of(&self, one: usize, other: usize) -> (usize, usize) {
        let man = self.members.get(one).is_some_and(|m| m.gender == Gender::Male);
        if man { (one, other) } else { (other, one) }
    }

    fn children_of_couple(&mut self) {
        let (father, mother) = self.parents_of(0, 1);
        self.children(mother, Father::Member(father), "Child", ["daughter", "son"], 25);
    }

    /// The children of `mother` who still live at home. `leave` is the age from which most have left.
    fn children(
        &mut self,
        mother: usize,
        father: Father,
        kind: &'static str,
        relation: [&'static str; 2],
        leave: i32,
    ) {
        const BORN: &[(u64, u32)] =
            &[(3, 0), (9, 1), (16, 2), (20, 3), (19, 4), (14, 5), (9, 6), (5, 7), (3, 8), (2, 9)];
        let Some(mother_born) = self.members.get(mother).map(|m| m.born) else { return };
        let more = u32::from(self.poor && self.dice.chance(650));
        let born = self.dice.weighted(BORN) + more;
        let mut birth = mother_born + years(self.dice.range(18, 25)) + self.dice.range(0, 360);
        for _ in 0..born {
            if birth >= self.today || birth > mother_born + years(45) {
                break;
            }
            let twins = self.dice.chance(TWIN_BIRTHS);
            if self.at_home(birth, leave) {
                for second in [false, true].into_iter().take(1 + usize::from(twins)) {
                    let gender = self.any_gender();
                    let [daughter, son] = relation;
                    let called = if gender == Gender::Male { son } else { daughter };
                    let at = self.add(birth, gender, kind, called);
                    self.set(at, |m| (m.father, m.twin) = (father, second));
                }
            }
            birth += self.dice.range(390, 1300);
        }
    }

    fn at_home(&mut self, birth: i32, leave: i32) -> bool {
        let age = age(birth, self.today);
        let stays = if age < 17 {
            970
        } else if age < leave.min(21) {
            820
        } else if age < leave {
            450
        } else {
            70
        };
        self.dice.chance(stays)
    }

    /// The Head's mother, sometimes the father too.
    fn parents(&mut self) {
        let Some(head_born) = self.members.first().map(|m| m.born) else { return };
        let mother_born = head_born - years(self.dice.range(18, 34)) - self.dice.range(0, 360);
        if age(mother_born, self.today) > 92 {
            return;
        }
        let mother = self.add(mother_born, Gender::Female, "Parent", "mother");
        let father_born = mother_born - self.dice.range(0, 9) * 365;
        if self.dice.chance(400) && age(father_born, self.today) < 93 {
            let father = self.add(father_born, Gender::Male, "Parent", "father");
            self.set(father, |m| m.marital = "married");
            self.set(mother, |m| (m.marital, m.husband) = ("married", Some(father)));
            self.set(0, |m| m.father = Father::Member(father));
        } else {
            // A widow bears the name her son has.
            let son = self.members.first().is_some_and(|head| head.gender == Gender::Male);
            self.set(mother, |m| (m.marital, m.husband) = ("widowed", son.then_some(0)));
        }
    }

    fn single_parent(&mut self) {
        const WHY: &[(u64, &str)] = &[(38, "widowed"), (24, "separated"), (18, "divorced"), (20, "single")];
        let born = self.born_at_age(21, 58).max(self.born_at_age(21, 58));
        let woman = self.dice.chance(860);
        let gender = if woman { Gender::Female } else { Gender::Male };
        let head = self.add(born, gender, "Head", "head");
        let why = self.dice.weighted(WHY);
        self.set(head, |m| m.marital = why);
        let father = if woman { Father::Absent(0) } else { Father::Member(head) };
        self.children(head, father, "Child", ["daughter", "son"], 25);
    }

    /// Grandparents who bring up the children of a dead or absent son or daughter.
    fn grandparents(&mut self) {
        if self.dice.chance(550) {
            self.alone(54, 82, "widowed");
        } else {
            self.couple(54, 80);
        }
        let head_age = self.members.first().map_or(60, |m| age(m.born, self.today));
        let oldest = (head_age - 38).clamp(2, 17);
        for _ in 0..self.dice.range(1, 4) {
            self.grandchild(Father::Absent(1), oldest);
        }
    }

    fn grandchild(&mut self, father: Father, oldest: i32) {
        let born = self.born_at_age(0, oldest);
        let gender = self.any_gender();
        let relation = if gender == Gender::Male { "grandson" } else { "granddaughter" };
        let at = self.add(born, gender, "Grandchild", relation);
        self.set(at, |m| m.father = father);
    }

    /// A grown son with wife or a grown daughter alone, and their children.
    fn grown_child_with_children(&mut self) {
        let (father, mother) = self.parents_of(0, 1);
        let Some(mother_born) = self.members.get(mother).map(|m| m.born) else { return };
        let parent_age = self.dice.range(20, 30).min(age(mother_born, self.today) - 20);
        let born = self.today - years(parent_age) - self.dice.range(1, 300);
        if self.dice.chance(600) {
            let son = self.add(born, Gender::Male, "Child", "son");
            let wife_born = born + self.dice.range(-200, 900).min(years(parent_age - 18));
            let wife = self.add(wife_born, Gender::Female, "Relative", "daughter_in_law");
            self.set(son, |m| (m.father, m.marital) = (Father::Member(father), "married"));
            self.set(wife, |m| (m.marital, m.husband) = ("married", Some(son)));
            self.children(wife, Father::Member(son), "Grandchild", ["granddaughter", "grandson"], 18);
        } else {
            let daughter = self.add(born, Gender::Female, "Child", "daughter");
            self.set(daughter, |m| (m.father, m.marital) = (Father::Member(father), "separated"));
            self.children(daughter, Father::Absent(2), "Grandchild", ["granddaughter", "grandson"], 18);
        }
    }

    /// Brothers and sisters without parents; the eldest is the Head.
    fn child_headed(&mut self) {
        let born = self.born_at_age(14, 17);
        let gender = self.any_gender();
        let head = self.add(born, gender, "Head", "head");
        self.set(head, |m| m.father = Father::Absent(0));
        let mut next = born;
        for _ in 0..self.dice.range(1, 4) {
            next += self.dice.range(400, 1400);
            if next >= self.today {
                break;
            }
            let gender = self.any_gender();
            let relation = if gender == Gender::Male { "brother" } else { "sister" };
            let at = self.add(next, gender, "Sibling", relation);
            self.set(at, |m| m.father = Father::Absent(0));
        }
    }

    /// A man with two or three wives and the children of each.
    fn polygamous(&mut self) {
        let born = self.born_at_age(32, 68);
        let head = self.add(born, Gender::Male, "Head", "head");
        self.set(head, |m| m.marital = "married");
        let wives = 2 + usize::from(self.dice.chance(150));
        let mut oldest = age(born, self.today);
        for _ in 0..wives {
            let wife_age = (oldest - self.dice.range(1, 9)).max(19);
            oldest = wife_age;
            let wife_born = self.born_at_age(wife_age, wife_age);
            let wife = self.add(wife_born, Gender::Female, "Spouse", "wife");
            self.set(wife, |m| (m.marital, m.husband) = ("married", Some(head)));
            self.children(wife, Father::Member(head), "Child", ["daughter", "son"], 21);
        }
    }

    /// One or two children of relatives who died.
    fn orphans(&mut self) {
        for _ in 0..self.dice.range(1, 2) {
            let born = self.born_at_age(2, 16);
            let gender = self.any_gender();
            let at = self.add(born, gender, "Relative", "orphan");
            self.set(at, |m| m.father = Father::Absent(3));
        }
    }
}
