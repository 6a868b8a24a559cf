use super::*;
use proptest::prelude::*;

fn any_recording() -> impl Strategy<Value = Recording> {
    let times = (946_684_800_i64..4_000_000_000, 0_u32..1_000_000_000);
    let texts = proptest::collection::vec("[A-Z]{1,5}", 0..3);
    let bodies =
        proptest::collection::btree_map(proptest::sample::select(Endpoint::ALL.to_vec()), "[^\u{feff}\u{0}]*[\r\n\t ]?", 1..6);
    (times, any::<bool>(), texts, ".*", bodies).prop_map(|((seconds, nanos), paper, unstable, why, bodies)| {
        let mut recording = Recording::nothing(Time::of_nanoseconds(seconds * 1_000_000_000 + i64::from(nanos)));
        recording.paper = Some(paper);
        recording.whole_read_began = paper.then_some(recording.read_began);
        recording.unstable = unstable;
        recording.unread = vec![Unread { endpoint: Some(Endpoint::Orders), why }];
        let body = |(endpoint, text): (Endpoint, String)| (endpoint, Body { file: PathBuf::from(endpoint.file()), text });
        recording.bodies = bodies.into_iter().map(body).collect();
        recording
    })
}

fn loaded(folder: &Path) -> Recording {
    let mut recording = load(folder, None).unwrap();
    for body in recording.bodies.values_mut() {
        body.file = PathBuf::from(body.file.file_name().unwrap());
    }
    recording
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn what_is_written_is_read_back(recording in any_recording()) {
        let folder = tempfile::tempdir().unwrap();
        recording.write(folder.path(), Existing::Keep).unwrap();
        prop_assert_eq!(loaded(folder.path()), recording);
    }
}

#[test]
fn the_recorded_samples_are_written_byte_for_byte() {
    // The samples lie beside the checkout; where they do not, there is nothing to compare.
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples");
    let Ok(folders) = std::fs::read_dir(samples) else { return };
    for broker in folders.map(|folder| folder.unwrap().path().join("broker")).filter(|path| path.is_dir()) {
        let recording = load(&broker, None).unwrap();
        let copy = tempfile::tempdir().unwrap();
        recording.write(copy.path(), Existing::Keep).unwrap();
        let bytes = |folder: &Path| std::fs::read(folder.join("orders.json")).unwrap();
        assert_eq!(bytes(copy.path()), bytes(&broker));
    }
}

#[test]
fn an_earlier_recording_is_kept_or_wholly_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let began = "2026-11-20T15:04:10Z".parse().unwrap();
    let told = Unread { endpoint: Some(Endpoint::Positions), why: "down".to_owned() };
    let empty = Recording { unread: vec![told], ..Recording::nothing(began) };
    let mut full = empty.clone();
    full.bodies.insert(Endpoint::Account, Body { file: PathBuf::from("account.json"), text: "{}".to_owned() });
    full.write(folder.path(), Existing::Keep).unwrap();
    assert!(matches!(empty.write(folder.path(), Existing::Keep), Err(CannotWrite::Exists { .. })));
    assert_eq!(loaded(folder.path()), full);
    empty.write(folder.path(), Existing::Replace).unwrap();
    assert_eq!(loaded(folder.path()), empty);
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("x"), folder.path().join("account.json")).unwrap();
    let recording = Recording::nothing("2026-11-20T15:04:10Z".parse().unwrap());
    assert!(matches!(recording.write(folder.path(), Existing::Replace), Err(CannotWrite::Symlink { .. })));
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}
