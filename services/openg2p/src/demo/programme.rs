//! Step 5: a programme, its beneficiaries, what each is entitled to, and the approval by two people.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    demo::{
        Demo, payment,
        progress::{Patience, Step, StepResult},
        report::Households,
    },
    topology::PROGRAMME_ATTRIBUTES,
};

/// The service.
pub(super) const PBMS: &str = "pbms-beneficiary-registry";
/// Mnemonic of the demo's programme.
pub(super) const PROGRAMME: &str = "CHILD_GRANT";
/// Currency of the demo.
pub(super) const CURRENCY: &str = "KES";
/// Time zone of the demo.
pub(super) const TIME_ZONE: &str = "Africa/Nairobi";
/// Poor households with children.
const RULE: &str = "poverty_score < 50.0 && members.exists(m, m.age < 18)";

#[derive(Deserialize)]
struct Created {
    id: String,
}

#[derive(Deserialize)]
struct Progress {
    state: String,
    #[serde(default)]
    done: u64,
    #[serde(default)]
    total: Option<u64>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    counts: std::collections::BTreeMap<String, u64>,
}

impl Progress {
    fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }
}

/// Defines the programme, pulls and enrols households, computes entitlements, and has them approved.
///
/// # Errors
/// When PBMS refuses.
pub async fn programme(demo: &mut Demo) -> anyhow::Result<StepResult> {
    let mut step = Step::begin("programme");
    let program = define(demo).await?;
    let pull = pull(demo, &program).await?;
    let pulled =
        wait(demo, &mut step, &format!("/api/v1/programs/{program}/registrant-pulls/{pull}")).await?;
    let enrolment: Created = demo
        .client
        .post_as(
            "maker",
            PBMS,
            &format!("/api/v1/programs/{program}/enrolments"),
            &demo.state.key("enrolment"),
            &json!({}),
        )
        .await?;
    let path = format!("/api/v1/programs/{program}/enrolments/{}", enrolment.id);
    let enrolled = wait(demo, &mut step, &path).await?;
    demo.state.households =
        Households { eligible: enrolled.count("eligible"), enrolled: enrolled.count("enrolled") };
    let cycle = cycle(demo, &program).await?;
    approve(demo, &mut step, &program, &cycle).await?;
    let said = format!(
        "{} households pulled, {} eligible, {} enrolled and entitled",
        pulled.done, demo.state.households.eligible, demo.state.households.enrolled
    );
    Ok(step.end(pulled.done, &said))
}

async fn define(demo: &mut Demo) -> anyhow::Result<String> {
    if let Some(id) = &demo.state.program_id {
        return Ok(id.clone());
    }
    let program = json!({
        "mnemonic": PROGRAMME,
        "name": "Child grant",
        "currency": CURRENCY,
        "time_zone": TIME_ZONE,
        "target": "household",
        "eligibility_rule": RULE,
        "benefit": {
            "base": "500.00",
            "additions": [{"per": "member", "rule": "m.age < 5", "amount": "150.00"}],
            "cap": "1100.00",
        },
        "field_policy": PROGRAMME_ATTRIBUTES,
    });
    let created: Created = demo
        .client
        .post_as("maker", PBMS, "/api/v1/programs", &demo.state.key("programme"), &program)
        .await?;
    demo.reached("definition")?;
    demo.state.program_id = Some(created.id.clone());
    demo.save()?;
    Ok(created.id)
}

async fn pull(demo: &mut Demo, program: &str) -> anyhow::Result<String> {
    if let Some(id) = &demo.state.pull_id {
        return Ok(id.clone());
    }
    let path = format!("/api/v1/programs/{program}/registrant-pulls");
    let created: Created =
        demo.client.post_as("maker", PBMS, &path, &demo.state.key("pull"), &json!({})).await?;
    demo.state.pull_id = Some(created.id.clone());
    demo.save()?;
    Ok(created.id)
}

async fn cycle(demo: &mut Demo, program: &str) -> anyhow::Result<String> {
    if let Some(id) = &demo.state.cycle_id {
        return Ok(id.clone());
    }
    let name = format!("{} {}", demo.as_of.month(), demo.as_of.year());
    let cycle = json!({"name": name, "schedule_date": demo.state.as_of, "sequence": 1});
    let path = format!("/api/v1/programs/{program}/cycles");
    let created: Created =
        demo.client.post_as("maker", PBMS, &path, &demo.state.key("cycle"), &cycle).await?;
    demo.state.cycle_id = Some(created.id.clone());
    demo.save()?;
    Ok(created.id)
}

/// Entitlements, the money for them, the fund check, and two signatures: what of it is not done yet.
async fn approve(demo: &Demo, step: &mut Step, program: &str, cycle: &str) -> anyhow::Result<()> {
    let (client, path) = (&demo.client, format!("/api/v1/cycles/{cycle}"));
    let key = |what: &str| demo.state.key(what);
    let approvals = format!("{path}/approvals");
    if payment::cycle(demo).await?.state == "draft" {
        let entitlements = format!("{path}/entitlements");
        let computing: Created =
            client.post_as("maker", PBMS, &entitlements, &key("entitlements"), &json!({})).await?;
        demo.reached("entitlements")?;
        wait(demo, step, &format!("{entitlements}/{}", computing.id)).await?;
        // Enough for every household's cap.
        let deposit = format!("{}.00", demo.state.households.enrolled.max(1) * 1_100);
        let (funds, money) = (
            format!("/api/v1/programs/{program}/funds"),
            json!({"amount": deposit, "note": "the demo's donor"}),
        );
        let _: Value = client.post_as("maker", PBMS, &funds, &key("deposit"), &money).await?;
        demo.reached("deposit")?;
        let check = format!("{path}/fund-check");
        let _: Value = client.post_as("maker", PBMS, &check, &key("fund-check"), &json!({})).await?;
        demo.reached("fund-check")?;
        let _: Value = client.post_as("maker", PBMS, &approvals, &key("submission"), &json!({})).await?;
        demo.reached("submission")?;
    }
    if payment::cycle(demo).await?.state == "to_approve" {
        let _: Value = client.post_as("checker", PBMS, &approvals, &key("approval"), &json!({})).await?;
    }
    demo.reached("approval")
}

async fn wait(demo: &Demo, step: &mut Step, path: &str) -> anyhow::Result<Progress> {
    let mut patience = Patience::new("PBMS");
    loop {
        let progress: Progress = demo.client.get_as("maker", PBMS, path).await?;
        step.at(progress.done, progress.total.unwrap_or(progress.done));
        match progress.state.as_str() {
            "done" => return Ok(progress),
            "failed" | "dead" => anyhow::bail!("{path} failed: {}", progress.error.unwrap_or_default()),
            state => patience.pause(format!("{path} {state}, {}", progress.done)).await?,
        }
    }
}
