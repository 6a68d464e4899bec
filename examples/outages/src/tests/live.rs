use crate::kinds;
use crate::live;
use crate::load;
use crate::outage::{Course, NONE, Outage, Trouble};

/// How long a run lasts.
const SECONDS: f64 = 2.0;

fn short(outage: &'static Outage) -> Course {
    let whole = Course::of(outage);
    Course::scaled(outage, SECONDS / (whole.length() + whole.rest()).as_secs_f64())
}

/// What holds however fast the machine is: all runs end, and what became of a call fits what came to the server.
#[test]
fn each_kind_runs_over_real_sockets_and_no_call_is_lost() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let runs: Vec<_> = kinds::all()
        .map(|outage| (outage, runtime.spawn(live::side_by_side(short(outage)))))
        .collect();
    for (outage, runs) in runs {
        for (column, (measured, traffic)) in
            runtime.block_on(runs).unwrap().unwrap().into_iter().enumerate()
        {
            let about = format!("{}: {measured:?}, {traffic:?}", outage.name);
            let (calls, connections) = (traffic.calls(), traffic.connections());
            assert_eq!(measured.calls, load::calls(short(outage)).count(), "{about}");
            let admitted = measured.answers + measured.errors;
            assert!(measured.answers <= calls && calls <= admitted, "{about}");
            // Calls share a connection, until one is lost with it.
            assert!(connections <= 1 + measured.errors, "{about}");
            if stays_connected(outage) {
                assert_eq!((calls, connections), (admitted, 1), "{about}");
            }
            if column == NONE {
                assert_eq!(admitted, measured.calls, "{about}");
            }
            if let (Trouble::Fails(share), NONE) = (outage.trouble, column) {
                let well = load::calls(short(outage)).filter(|call| call.luck >= share).count();
                assert!(measured.answers >= well, "{about}");
            }
            if let (Trouble::Resets { .. }, NONE) = (outage.trouble, column) {
                assert!(2 * connections <= calls, "{about}");
            }
        }
    }
}

/// Each call that is sent is answered, one way or the other.
fn stays_connected(outage: &Outage) -> bool {
    let fails_alone = matches!(
        outage.trouble,
        Trouble::Fails(_)
            | Trouble::Sheds { .. }
            | Trouble::BreaksOff
            | Trouble::BadNode
            | Trouble::BadTenant
    );
    fails_alone && outage.limit.is_none() && outage.patience.is_none()
}
