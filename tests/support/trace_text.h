// A micro-language for traces: each line is an event, or a handful that always come together. Made
// for tests of checks: five lines say what happened. Times rise by 1 ms a line unless a line begins
// with "@": "@10m tidb-1 down".
//
// The cluster, unless the text describes its own by `node` and `table` lines before its first
// event: tidb-1, tidb-2, pd, kafka, zk, old-pump-1, old-pump-2, new-pump-1, old-drainer (sink
// mysql), new-drainer (sink mysql), mysql; tables a and b (keyed) and log (keyless), all for mysql.
//
//   node NAME ROLE [old] [new] [era=kafka] [sink=NAME] [host=H] [port=N] [detect=10s] [unkeyed]
//        [target=VERSION] [foreign] [unit=U] [dir=D]
//   table NAME [keyless] sinks=mysql,file       (none: sinks=)
//   header procedure=P gate=G drain-max=20m outage-max=1m
//
//   tidb-1 commit 10/11 a:1=5,b:2=7 [pump=old-pump-1] [shape=2] [unlogged] [marker]
//                                     # START/COMMIT, rows TABLE:KEY=VALUE; VALUE 0 deletes; with a
//                                     # pump: prewrite acknowledged before, commit after
//   tidb-1 ddl 12/13 a job=1 shape=2 [cancelled] [pump=old-pump-1]
//   tidb-1 rollback 14
//   old-pump-1 ack prewrite|commit|fake START[/COMMIT] [from=tidb-1]
//   old-pump-1 drop tolerant-write START[/COMMIT]
//   kafka purge prewrite|commit START[/COMMIT] [peer=old-pump-1]
//   old-pump-1 topic end=5 last=11
//   old-drainer hand 10/11
//   old-drainer apply 11 a:1=5 [safe] [retry] [shape=2]
//   old-drainer ddl-apply 13 a job=1 shape=2
//   old-drainer save 11 [store=S] [text=BODY]     (peerless: mysql save 11)
//   old-drainer load 11 [stored|initial|now|zero] [store=S] [initial=TS]
//   old-drainer window upper=20 lower=15
//   old-drainer add|remove old-pump-1
//   X up [version=V] [config=TEXT] [incarnation=2] | X down [killed|exited|failed]
//   X path open|close socket|cluster|off [old-pump-1] [tso=9]
//   X clients on|off | X alert TEXT… | X registry online [key=K]
//   act stop|start|install|write X | fault X [TEXT…] | heal | never-fired TEXT…
//   status X BODY…                               # asked and answered at the boundary
//   workload stopped | engine started | engine done|refused|aborted|failed [TEXT…]
//   gate open|shut TEXT… | end quiet|time-limit|event-limit [tso=99]
//   event KIND node=X peer=Y code=1 a=1 b=2 c=3 d=4 n=5 text=TEXT…  # any event, slot by slot
//
// "#" begins a comment. A bad line is an Error that names it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "trace/recorder.h"

namespace tidegate::test {

Result<trace::Trace> ParseTraceText(std::string_view text);

/// The same; a bad line ends the test program with its message.
trace::Trace TraceOf(std::string_view text);

}  // namespace tidegate::test
