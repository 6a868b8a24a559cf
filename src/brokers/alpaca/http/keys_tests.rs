use super::*;

fn find_in(environment: &[(&str, &str)], env_file: Option<&str>) -> Result<Keys, KeysError> {
    let folder = tempfile::tempdir().unwrap();
    if let Some(text) = env_file {
        std::fs::write(folder.path().join(".env"), text).unwrap();
    }
    let set: BTreeMap<String, String> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    find(&|name| set.get(name).cloned(), folder.path(), &[])
}

#[test]
fn every_family_is_found_and_paper_is_the_default() {
    for family in FAMILIES {
        let keys = find_in(&[(family.key, " 'PKONE' "), (family.secret, "two")], None).unwrap();
        assert_eq!(keys.family, family);
        assert_eq!((keys.key.reveal(), keys.secret.reveal()), ("PKONE", "two"));
        assert_eq!(keys.base_url.to_string(), PAPER_URL);
        assert_eq!(keys.warnings, []);
    }
}

#[test]
fn families_are_not_mixed() {
    let error = find_in(&[("APCA_API_KEY_ID", "PK1"), ("ALPACA_SECRET", "s")], None).unwrap_err();
    assert_eq!(error, KeysError::HalfSet { found: "APCA_API_KEY_ID", missing: "APCA_API_SECRET_KEY".to_owned() });
    let keys = find_in(
        &[("APCA_API_KEY_ID", "PK1"), ("APCA_API_SECRET_KEY", "s"), ("ALPACA_BASE_URL", "https://api.alpaca.markets")],
        None,
    );
    assert_eq!(keys.unwrap().base_url.paper(), Some(true));
}

#[test]
fn a_half_set_family_says_what_is_missing() {
    let error = find_in(&[("ALPACA_API_KEY", "PK1")], None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "ALPACA_API_KEY is set but ALPACA_SECRET_KEY (or ALPACA_API_SECRET) is not; set both, or unset ALPACA_API_KEY to use another pair"
    );
    let error = find_in(&[("ALPACA_SECRET", "s")], None).unwrap_err();
    assert_eq!(error, KeysError::HalfSet { found: "ALPACA_SECRET", missing: "ALPACA_KEY".to_owned() });
    assert_eq!(find_in(&[("ALPACA_KEY", "  ")], None).unwrap_err(), KeysError::NotSet);
}

#[test]
fn env_file_does_not_override_the_environment() {
    let file = "ALPACA_KEY=PKFILE\nALPACA_SECRET=\"file secret\"\nALPACA_BASE_URL=https://api.alpaca.markets/v2\n";
    let keys = find_in(&[("ALPACA_KEY", "PKHERE"), ("ALPACA_SECRET", "here")], Some(file)).unwrap();
    assert_eq!((keys.key.reveal(), keys.base_url.paper()), ("PKHERE", Some(false)));
    assert_eq!(keys.warnings, [KeyWarning::PaperKeyOnLiveHost]);
    // A family that only the file names does not beat one that the environment names.
    let file = "APCA_API_KEY_ID=PKFILE\nAPCA_API_SECRET_KEY=file\n";
    let keys = find_in(&[("ALPACA_KEY", "PKHERE"), ("ALPACA_SECRET", "here")], Some(file)).unwrap();
    assert_eq!(keys.family, FAMILIES[1]);
    let half = find_in(&[("ALPACA_KEY", "PKHERE")], Some(file)).unwrap_err();
    assert!(matches!(half, KeysError::HalfSet { found: "ALPACA_KEY", .. }));
}

#[test]
fn env_file_is_read_with_its_quirks() {
    let file = "\u{feff}# keys\r\nexport ALPACA_KEY='AKFILE'\r\nnot a line PKLEAK\r\nALPACA_SECRET=\"s3\" # mine\r\n";
    let keys = find_in(&[], Some(file)).unwrap();
    assert_eq!((keys.key.reveal(), keys.secret.reveal()), ("AKFILE", "s3"));
    assert_eq!(keys.warnings, [KeyWarning::LiveKeyOnPaperHost, KeyWarning::UnreadableLines { file: ".env", count: 1 }]);
    assert!(!format!("{keys:?}").contains("FILE"), "{keys:?}");
}

#[test]
fn a_credential_stands_beside_the_environment_and_before_the_bots_own() {
    let credentials = tempfile::tempdir().unwrap();
    let folder = credentials.path().to_str().unwrap();
    let file = "ALPACA_KEY=PKFILE\nALPACA_SECRET=file\n";
    // The folder may hold the credentials of others alone.
    let keys = find_in(&[("CREDENTIALS_DIRECTORY", folder)], Some(file)).unwrap();
    assert_eq!(keys.key.reveal(), "PKFILE");
    let text = "APCA_API_KEY_ID=PKGIVEN\nAPCA_API_SECRET_KEY='given'\nnot a line PKLEAK\n";
    std::fs::write(credentials.path().join("alpaca.env"), text).unwrap();
    let keys = find_in(&[("CREDENTIALS_DIRECTORY", folder)], Some(file)).unwrap();
    assert_eq!((keys.key.reveal(), keys.secret.reveal()), ("PKGIVEN", "given"));
    assert_eq!(keys.warnings, [KeyWarning::UnreadableLines { file: "alpaca.env", count: 1 }]);
    let set = [("CREDENTIALS_DIRECTORY", folder), ("APCA_API_KEY_ID", "PKHERE"), ("APCA_API_SECRET_KEY", "here")];
    assert_eq!(find_in(&set, None).unwrap().key.reveal(), "PKHERE");
    std::fs::remove_file(credentials.path().join("alpaca.env")).unwrap();
    std::fs::create_dir(credentials.path().join("alpaca.env")).unwrap();
    let error = find_in(&[("CREDENTIALS_DIRECTORY", folder)], Some(file)).unwrap_err();
    assert_eq!(error.to_string(), "alpaca.env cannot be read (it is not a file); mend it, or set the keys in the environment");
}

#[test]
fn the_secret_may_come_from_the_file_when_the_key_is_in_the_environment() {
    let keys = find_in(&[("ALPACA_API_KEY", "PK1")], Some("ALPACA_API_SECRET=s\n")).unwrap();
    assert_eq!(keys.family, FAMILIES[3]);
}

#[test]
fn unsendable_keys_and_bad_hosts_are_refused_without_showing_them() {
    let error = find_in(&[("ALPACA_KEY", "PK LEAK"), ("ALPACA_SECRET", "s")], None).unwrap_err();
    assert_eq!(error, KeysError::Unsendable { variable: "ALPACA_KEY" });
    let error = find_in(&[("ALPACA_KEY", "PK1"), ("ALPACA_SECRET", "s"), ("ALPACA_BASE_URL", "PKLEAK")], None).unwrap_err();
    assert!(!error.to_string().contains("LEAK"), "{error}");
}
