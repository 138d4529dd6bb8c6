//! How fast a population is registered. Not a test of the build: run it with `--release -- --ignored speed`, and with
//! `SPEED_DATA` to import the files of `openg2p generate-population` instead of the made-up ones.

use std::{path::Path, time::Instant};

use crate::*;

const PERSONS: usize = 20_000;

/// Files of `persons` people, four in a household, each with a document and every second one with a phone.
fn files(persons: usize) -> Vec<(&'static str, String)> {
    let mut households = "external_id,name,kind,district,roof,rooms,tv\n".to_owned();
    let mut individuals = "external_id,given_name,family_name,gender,birth_date,language\n".to_owned();
    let mut memberships =
        "household_external_id,individual_external_id,kind,relationship_to_head\n".to_owned();
    let mut ids = "individual_external_id,id_type,value\n".to_owned();
    let mut phones = "individual_external_id,phone,country\n".to_owned();
    for n in 0..persons {
        let household = n / 4;
        if n % 4 == 0 {
            households.push_str(&format!("H{household},Family,Household,Nyeri,grass,2,false\n"));
        }
        let kind = if n % 4 == 0 { "Head" } else { "Child" };
        individuals.push_str(&format!(
            "P{n},Given,Family,female,19{:02}-0{}-1{},swa\n",
            n % 90 + 10,
            n % 9 + 1,
            n % 10
        ));
        memberships.push_str(&format!("H{household},P{n},{kind},relative\n"));
        ids.push_str(&format!("P{n},NATIONAL_ID,{}\n", 100_000_000 + n));
        if n % 2 == 0 {
            phones.push_str(&format!("P{n},0712 {:06},KE\n", n % 1_000_000));
        }
    }
    vec![
        ("households", households),
        ("individuals", individuals),
        ("memberships", memberships),
        ("ids", ids),
        ("phones", phones),
    ]
}

fn read(dir: &str) -> Vec<(&'static str, String)> {
    ["households", "individuals", "memberships", "ids", "phones"]
        .into_iter()
        .map(|kind| (kind, std::fs::read_to_string(Path::new(dir).join(format!("{kind}.csv"))).unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn speed() {
    let registry = TestService::<Service>::start(|loaded| {
        loaded.service = Config { import_chunk_rows: 2_000, ..config() };
    })
    .await;
    let files = std::env::var("SPEED_DATA").map_or_else(|_| files(PERSONS), |dir| read(&dir));
    for round in ["first", "again"] {
        for (kind, file) in &files {
            let started = Instant::now();
            let maker = registry.user("maker");
            let accepted = post_file(&maker, &[("kind", kind)], file.as_str()).await;
            let id = accepted.expect_status(202).json()["import_id"].clone();
            let path = format!("/api/v1/imports/{}", id.as_str().unwrap());
            let view = wait_for("the import to end", Duration::from_secs(600), || async {
                let view = maker.get(&path).await.expect_status(200).json();
                ["done", "failed"].contains(&view["state"].as_str().unwrap()).then_some(view)
            })
            .await;
            let seconds = started.elapsed().as_secs_f64();
            let rows = view["total"].as_f64().unwrap();
            eprintln!(
                "{round} {kind}: {rows} rows in {seconds:.2} s, {:.0} rows/s, {:?}",
                rows / seconds,
                counts(&view)
            );
        }
    }
}
