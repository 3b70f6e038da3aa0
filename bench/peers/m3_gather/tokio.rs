// SPDX-License-Identifier: MIT
// M3: spawn N trivial tasks, then await every handle in order, ROUNDS times; ns per task in the
// last round.  usage: N ROUNDS
#[path = "../common.rs"] mod common;

fn main() {
    let (n, rounds) = (common::arg(1, 1_000_000), common::arg(2, 1));
    common::run(async move {
        for round in 1..=rounds {
            let t = common::start();
            let hs: Vec<_> = (0..n).map(|i| tokio::spawn(async move { i })).collect();
            let mut r = Vec::with_capacity(n);
            for h in hs { r.push(h.await.unwrap()) }
            assert_eq!(r[n - 1], n - 1);
            if round == rounds { common::report_ns(n, t.elapsed()) }
        }
    });
}
