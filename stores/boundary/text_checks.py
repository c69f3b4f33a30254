"""A check that every function of schema control reads as the migrations wrote it.

The ledger's own are held in ledger_checks.py, which holds what they write as well.
"""

from __future__ import annotations

from collections.abc import Mapping

from stores.boundary.inspection import Check, changed_texts

__all__ = ["TEXTS", "TEXT_CHECKS"]

# By SHA-256 of language and text: rights, an owner and a trigger in its place guard nothing where
# a function does nothing.  A migration that makes or changes one changes its digest here; the test
# of the sound schema says what it has become.
TEXTS: Mapping[str, str] = {
    "acknowledge_finding(text,text,timestamp with time zone)": (
        "20872f4dd98f077eeba65d1843ea1549f6dd0da1414650d79c852efe636f1fbd"
    ),
    "acting(text)": ("56639f954697dfa86676727c6e895bc374208b66fd97808146fbaee888267f3c"),
    "add_to_candidate(uuid,bigint,text,text,text,text,text,text,text,text)": (
        "1a1d5bc13b007a79c168482a38c94c0a6d3ccf67a33144be17c29577b60f7ea5"
    ),
    "alert_result(bigint,text)": (
        "72aa83d2a5753e4eaec07a6d19b6f26da6ac3d8fa8dcdaa77e275e5ea87bb7de"
    ),
    "approval_in_force(text,text,text)": (
        "0ca98fee7407eb9dedc283ac726d7d3630cfe375f7516a3b0c9145810ad4b443"
    ),
    "attack_cells(uuid)": ("e09a675dfc6e4d56cf87cfe16d657e01fcb7aa1ebe36135afd84f253eaa63388"),
    "audit_cells(text)": ("8144abbb8da991eda064e59d1a8606f1a50e355b11ef5797e579363d8a509ae3"),
    "audit_count(text)": ("d9cee90396a24d06a247bda1470637f963f93b08551c210e541479b47e1784c4"),
    "audit_labels(text)": ("1a33ce3dffe8662cd9b289df54e70fa710ea6007fd5b4f24e28d01c36126ca19"),
    "audit_nulls(text,text)": ("bb6cf5075758fb7102a6b636c6fb76bbed021c9dd81b2a9bbde69f07776b444e"),
    "audit_prefixes(text)": ("4f5613d593978d3edd0ad683c1b248a358ef683e233727419268f5efaf0464ef"),
    "audit_sample(text,text[],double precision)": (
        "7cdf05cc8aeddc28c0037869858e4abb3ea7f5b6b95effd2037f3c4d63c09179"
    ),
    "audit_texts(text,text[])": (
        "ec290317085d146a8186c620dfb9e01eaa614e5f62b664c0105a1feadeb10327"
    ),
    "audited_table(text)": ("9840dd3b94f3f54198ea713732fc88c5cfda1f8a9978982fe221bce98ea37ca0"),
    "await_review(uuid,text)": ("865ac4b2e9429d03e4f65f91ff31502a566643cd3958cf28721b9e4cd020fb36"),
    "await_turn_to_decide()": ("3be325f8aeb593f3777a24afa2467a7c0b6616451a5e915920980b49eff1b720"),
    "begin_candidate(jsonb)": ("7c27b3f5b7a18afcddf69719d9aa31c564fb330abef4337e774bdc17bef48df7"),
    "candidate_digest(uuid)": ("1c4d721273295a0721b2d82fba3be1a4b29be320becf3ef0522cbd1753683d6b"),
    "catalog_changed(text)": ("bf83bb6f1c9c8ef0f602e96ca14ded76899112e3f1ef02727ba3d55730fe9e70"),
    "cell_figures(uuid)": ("de93955d46d00488e7d1f26370492e1f3df89d7895ca80fba5caab132c8e1519"),
    "cells_below_policy(uuid)": (
        "7b49c2613fe3cb4bb78056b04da1854b02a799a602f98dc953d45d05c11b2c94"
    ),
    "characters_seen(text)": ("d3e17ceb63e8027f5c00bfcbbfcb12a415151b188f42daae60274a9e87f934c8"),
    "checks_passed(uuid,text)": (
        "c3d2221ebdbec46f6ba37c3e94ff722e92ddc8d500f76cb525928e2c3e9b9de0"
    ),
    "claim()": ("17e3f32099206d368d02858442ea22dd68abc6a259aaec19c608116fd40da850"),
    "claim_with_class(text)": ("4ccdac68bb289199a35a433d3752c3e1cd6b7a0f0c47d92a5e3bf209cea1b501"),
    "complete_candidate(uuid,jsonb)": (
        "56b88ede96b9df7ef9cbdc9555e329b3c6bf1f42e22cebd4f165c6be314cedc6"
    ),
    "contributions_to(uuid[])": (
        "48f16a1b1eda2469f4a46f99627322eac23c9f23920b3eceff8f1942efab8ddd"
    ),
    "decide(text,text,text,text)": (
        "c361dfdaa7541f3addfb305d383e165ab47c73b4a45c9e9e9519db9da9dc1637"
    ),
    "declared_dimensions(jsonb)": (
        "0bd553bed6119234d3f7bd42fff16b850acf63ef01452801dc8f3b9daf728547"
    ),
    "differences(uuid,integer[],text[],text[],text[])": (
        "ea02882d012e8c5547c9fa7ca903e9e2fd507f8a1b5bca2a936fff78a36b7e5b"
    ),
    "differencing_rules(uuid)": (
        "4706b9fb8731a9b0dd69130fb06aa02872080fab9a5bf2faf34bb4825a162de0"
    ),
    "earlier_releases(uuid)": ("8468635ade516fd763e75bd89b9097ba56be4be7690856f07fbc1c7a0e9b7f52"),
    "ended_attempts(text)": ("f618e20b7cd6190e4d05a8d678adaa78ff7391b22c017d68b63f4fadd0a37021"),
    "erase_candidate(uuid)": ("c0daee8693fa7a40a77148740a407640705093d3256be104a34209e3f5361d03"),
    "erase_ledger_entries(text[],text[])": (
        "bbe5d5dcf01c56273d0aec883b84dc2ea135dd4a21cd607d625067d29fdbd97c"
    ),
    "erase_old_candidates(integer)": (
        "e1a16a19342c4f0e8f8462a6471e126668ba820ed95d7786de2c0b094714c1b7"
    ),
    "families_beside(uuid)": ("017d2370b298268ab2b18da815d38122081d8ceece665f4c43e97c9f4f1beb97"),
    "families_sharing(text,text,text[])": (
        "fe5bdc6e3d99b05d83131214262fe2054bbfa9aad6fba8427588fe9d4ffa3673"
    ),
    "file_audit_report(uuid,text,jsonb,text,integer)": (
        "ba70d478d24c3037a922ac8db50711b0bbe1c2baa118abfefd80b1efbd4cc350"
    ),
    "finish_audit(uuid)": ("791f73737ea2cb4bff03cdd7158b36407f5bad1531e046e80997ed31a77e3bf1"),
    "finish_run(uuid)": ("cb2ffb6f371327ea67666dedca90c5f8b853a2f4a5fb48f0af545dcd627b5309"),
    "frontier_root(bytea)": ("cb5c44ed2f355bfc76b820c224285f28c80741550fbe6ae72bf5f9fabdbb3d19"),
    "frozen_partition()": ("0d41a1792d64302b9ca7365fb4eff1ef538ab52154711696282a642dc449cca8"),
    "fund()": ("8a5d4e06644df09963b88b6d9a43134c67ce16667a0b507f2540be73840cb8c7"),
    "grown_frontier(bigint,bytea,bigint)": (
        "62d52d47f6527341dfcf8614283a9873fb35cb1b9f215b23fc7ff64a75c30242"
    ),
    "guard_promotion()": ("7887c2e95e31ab08eb3b41cbcdb97ed3a211fdd174f0dc383f4e5c2c80f88bb5"),
    "guard_transition()": ("44370eaf15edf5d0d7db893d5ab58b6649c3d2fa63bb7e817c53308f136cf108"),
    "hides_text(text)": ("d32114c9d99167f168765a4219cb40ac4a77774641ecf69b1f9f71aa40420fcf"),
    "hold(uuid,text)": ("268a22028395af1904680bdcd8b5f8024650ac2241ddb6979d5a3138d5e7c3f9"),
    "ingest(text,uuid)": ("823b9f4ced421c7097af7ac7c7d99038bbd24bcaccae30ad6bc35ffc34893f0b"),
    "is_kind(text)": ("1ebff9548dab4bdc2472bc23bba8bfedcf919e6896f69140e9456ee97590fca4"),
    "is_open(text)": ("0a240b837eb4e56800db326411803d299cc11b9601932d7482a0ebf7a4de5b81"),
    "judge(control.promotions,text)": (
        "77633b95024bd8e8f49e7f972217ff3f7b652521501f57b5a7637020e91bc6a6"
    ),
    "known_identifiers()": ("41e8130a021b1703fc0ad39e90b012b8a8b902242c55f9e4f723e69b69e27bd5"),
    "may_read(text)": ("bdab3f88b2c860fcc4452edb9a589951dd9cc6356bd7860c2815951bd8d242e0"),
    "measured_columns(jsonb)": ("9cafd291b33218f0506affc15877dd0abe580ea274526245e128a263f477a8cd"),
    "move_on_decision()": ("6bcf63040d4d65322ca89ffec6e32e63d53b6d307b9aaf7f9bfa340ea87050d6"),
    "note_errors(text,text,bigint)": (
        "c0e84f594e22e7c3e0657bd9a9e0af86644c96bfcc8264f76f733773a25150fd"
    ),
    "number_leaves()": ("ee6b536425b28c224f2620b58d5637588084a388dfd75d448276c5e2aab0824e"),
    "number_ledger()": ("c38218e2446140d00492db418f45b6dcfb6f8b5e7e1ab26489a5d71cf6812722"),
    "open_run()": ("3a603afb01a54cdd1b8031bf68918fb81634b0fa0e9a21a3f9945200106da5a6"),
    "outbox_again()": ("da345e199ad20e99bec90b1f56c45adac7ffef7330d9e1103b1b0b98030a1c99"),
    "outbox_result(bigint[],text,text)": (
        "6c3fbdb110314afcecbcb68a8ea6d5246aee79f10c53b914e9d533cef1939403"
    ),
    "own_filing(uuid)": ("a1a161f4d1a283c05000d62acc03033018ee78f96a7231102787ca650a37177c"),
    "own_promotion(uuid)": ("4866ec44a76786c4428c196ac8de5596c5a15dbac36203b190ef2aa0369f8226"),
    "own_states(uuid,bigint,bigint,text[],text[])": (
        "486eb0c9cee293901b8b60dca303949244a72c4ce1db32c58133092303283303"
    ),
    "owned_ever()": ("f275a237c60a210e0f4e9b73c902884ca00c4a77ea6438cd52a0e0bf8e04bb75"),
    "owner_names()": ("76d133060e645cdee43413abc37e36f86d6c8b4cf8103d05b5189fd7dcb1a9a2"),
    "partition_digest(jsonb)": ("c64b9ce37d893ab0139bd78bf7bfbe0a2f72e41ff9ebe03594b38d0d7cce45cc"),
    "platform_reads()": ("18c31128c17b1b9f55ddea9018e11728a91a0e8fd971f68e40cbff755ef29a6f"),
    "policy_in_force(uuid)": ("ca5ff3223c2d41b56e18a55839dfec4d16a414c55940d79cc68ef9d145d2d3e0"),
    "publish(uuid)": ("8080da71f14d75074b9f10a92b9ae668ba3339ba89412b6feb3b441a66b5b961"),
    "read_promotion(uuid)": ("8062924424ce046082b3129eb32be03fee3c0d902f32e019f6422332349919f9"),
    "record_admin_write()": ("3df050ac327ff755e3602352b8a333cccd1cd4db5d54326ef545e6be72f63627"),
    "record_alert(text,text,text,integer,text,uuid,double precision)": (
        "a2a0f2ba40997ab3bec91a52ab52cd4bbbdb3a29b122ffcb7df2552bd7a2505d"
    ),
    "record_checkpoint(bigint,bytea,bytea,text)": (
        "8c320020f358f5d04d73591c98c30e1c0693dfcba1156fd2a8f1aa5daf99b84e"
    ),
    "record_checks(uuid,text,jsonb)": (
        "edec52b1517c2a86944cf80190f7ed5a26764c6be8cf156e92af42cb588d73e0"
    ),
    "record_handover(bigint,text,text,text,text)": (
        "7ea441594817418e730b5b47f34af1430e2c92aae562baac2ade24f3599e6771"
    ),
    "record_provenance(jsonb)": (
        "9f98e94fb5f94da22caf97abf6e6357990808d3088890ea8d649fb554a6d37c0"
    ),
    "record_release(control.promotions,jsonb)": (
        "18081b9f6e049eaed10b43c0c072a2c0684fff50a05df2ea86452139b75ec81b"
    ),
    "record_transition()": ("60ceceaff5ee76ed0ddd0c393acccdd21fa7fc48978a12e8a73c5e4762eb78fb"),
    "refuse_change()": ("c168d5bf70ab3b60c50f1356c316c3e656ef827410ab76100f62ccef272afe82"),
    "refuse_entry_change()": ("b406468c4a4ee8febb07e6bb797919de7d4a6d42b0fc42b03c85319651f3e3ad"),
    "refuse_hidden_text()": ("bfbc4d38b2925e5393da849477aabde9c28d10f7e5671d1c04fa0bb6aad432b7"),
    "register_workflow(jsonb)": (
        "9583df247d6e6e3ca57d76a79ba51028b80dc798ea8ec89183e4f65951fb4f0e"
    ),
    "releases_built_on(uuid)": ("b209f83a69256dd48b86acfc05a4882e68984b75cb1179423385d010073b1e19"),
    "require_family(control.workflow_registrations)": (
        "aecca7116caf1f14005fae8dbffb63f2fef9b71aa09be04359d31f227200fdc1"
    ),
    "require_four_eyes()": ("f1938dd70f078d8bbf6871c6d16119490bc5eb43197d8f2ad59e42ed7143010f"),
    "require_head(bigint,bytea)": (
        "cf546eb10f10198d21f807d8f0ac345382450ac60950010788da55085c421efd"
    ),
    "require_last_decision(text,text,bigint)": (
        "77c5403a4c5a21cc88888d1b1ca7ea5af79827a8a6a5e06756b0d0f0643d5ec9"
    ),
    "require_looking_run()": ("026e81e54aad085b085a275376d4124c610b2ec869c8503c8d67d065dda9edc2"),
    "require_note(text,bigint,bytea,text[],text[])": (
        "75c18ae2fa99b881c362efe8f3063767693a37919647e08c78c9c0c181921874"
    ),
    "require_partition(text,text,text[],jsonb,boolean)": (
        "e4771d9d9401b0b5d56bb2211c90c2ed0434309f4a0dede06997e43a89324d45"
    ),
    "require_platform()": ("cdc4bc3e88d4623ce2140090cdf0eeaee9688886e3646594e440f68afd940149"),
    "require_reason(text)": ("4ee74b6109d40299d244266f0eef807e997ade71f5ee8434ace5a144376d4382"),
    "require_red_team(control.workflow_registrations)": (
        "743833ede68f555f334c8e43ed4566d2bff836452a7765e02a9fc2114130df89"
    ),
    "require_registered(text[])": (
        "ee0ece9edb7b955d4ce076737d340e401996cc87e58e2f4776e691388007073f"
    ),
    "require_sound_declaration(control.workflow_registrations)": (
        "43fc78c07f5ce1b456ab8e5af8c9dcd8fef2113cae186d6828d53a665da4598f"
    ),
    "require_whole_candidate()": (
        "788da37f2c3fd089ea9a998cfd2bb0387aef5d67fca0ee028e1723a8c2c83647"
    ),
    "require_whole_contributions(control.promotions)": (
        "b751c333d15fbd6ebbd563e4981f90a5634924ab1fea15def9735d4c37501adf"
    ),
    "rest_outbox(double precision)": (
        "250486f8f4cc94f54a1422591a65674cbe572eca8beb2b19723db42d2acd903f"
    ),
    "review_cells(uuid,text,integer)": (
        "543d6bf355dc672a80465eafd2e90fa5650769e827f7cf434f388da2b314dc79"
    ),
    "revive_outbox()": ("5578d325a2e439d8d527bf35cd62a8fcb5477605d3094bda75a842ea81b4584b"),
    "revoke_claim(text,text)": ("2d296f760d5b5d8ce2d8036a81d69dd0be6ea314be03781e164506689f1056bd"),
    "revoke_promotion(uuid,text)": (
        "cfa4dc3866f0ac89839b42f6283025cda1828627b854ae7bcdea4b307731b5f5"
    ),
    "run_owns(uuid)": ("a5a795624971d8108b29ed71d1261ead5ad00c0ddd7c0e56c3001b285532adf5"),
    "run_reads(text)": ("e5b1ff1e9b964e00d6a33e4bb77c47c54d6e948797204bcb523b15ffa88967d6"),
    "schema_of(text)": ("5e19de2b3be7b9ef60984194d7d33a55d77b6e364eae63da508bd1c2c3fe3072"),
    "sign_off_audit(uuid,text,text)": (
        "a0492a3d0a37e73c3b3fcd8dc4a1fdaee095a2a339f61c410fd49851c6b68876"
    ),
    "start_audit(text,integer)": (
        "3bb3b711b5d2dddb5c0efa2af1e38c1d98ff4378714118db721d0a3f5c02f366"
    ),
    "start_run(text,text,integer)": (
        "d0b96241f20e7b8e9f1659dfe56b17f387593c656fea456df58a38cae139eddf"
    ),
    "steward_name()": ("6e20d6630d0cdc41b1d26c1f79c128a9b6c403e9c2c3cef4ed0140f28e086e44"),
    "steward_of_audits(text)": ("fc41b7f1deff3ed154e321b3c6fdd70b0c16825da192f60f5bfc6e16cd88ef34"),
    "supersede_candidates(uuid)": (
        "671bfd2119370b053238b00a0a808f8301546f811c96752eb2a453074f9fe324"
    ),
    "supersede_releases(uuid)": (
        "0933dc782334e2f6f4a3a5936cea8e31d4182b7d1c3f33da2e2a120cabd52c4e"
    ),
    "take_alerts(double precision,integer)": (
        "c893acd48f8e3bc32ea3b88a84db6d36200c712ab27b27480e30ffbfc8fbe776"
    ),
    "take_approval(control.promotions,control.approvals)": (
        "c4dfe1bafe3a77628f344d342c2ec8e5e3857581947b46a5426f28dbe1aeb9e9"
    ),
    "take_outbox(double precision,integer)": (
        "520d9b7474536b659d726a74978e1881feaa74ea0ae95ef8092c7262a511816f"
    ),
    "tell_datahub()": ("98a870f5238f8864c13893b104e6dd8780812ad2147a3d22be86de7222ad52eb"),
    "tell_once(text,text,text)": (
        "a628928a8cd20558b8740497aa6a5ebc70cb42f0205353900535d00792c4bc9e"
    ),
    "tenant()": ("975fb484db929e7fe50d2cd45c751f7b87a6fe2b27bb79b86e53b90a18934e88"),
    "verifier_id(text,text)": ("064e9652b8b88ca4fd89a515ab013af37bca4027dd0c58e05edcd595a8cc0b4e"),
    "wake_outbox()": ("c99b34e0ef386ba7d04b02bab33ca69de679d6300ecffdb9d55d2f00a402e74a"),
    "write_keys(control.promotions)": (
        "940a41f7214753b98e0d99667106109949b41c1dec542238db6aef94ace0973b"
    ),
    "write_rows(control.promotions,regclass)": (
        "03e6b2cb4d7d7dac9dcb285c50116ad9535651db45bd864ce5f2ff444238a44e"
    ),
}


TEXT_CHECKS: tuple[Check, ...] = (
    Check(
        "functions.text",
        "every function of the control schema reads as the migrations wrote it",
        "undo the change by hand, then look at what was written meanwhile",
        lambda seen: changed_texts(seen, TEXTS),
    ),
)
