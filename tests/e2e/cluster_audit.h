// The checker of a cluster: triggers of the test's own note every change of a run and of its log in
// the database, with the process that made it, and are held against what clients were told and what
// the service received. Knows tables and columns only; shares no code with Pilot.
#pragma once

#include "cluster_world.h"

namespace pilot::e2e {

// Once the tables are there: from now on everything is noted.
void begin_audit(const Sql& sql);

// All that must hold of a ClusterWorld's runs once they have ended:
// - every accepted run is there and ended, with each step recorded once; no end is changed;
// - a run and its log are written by the process that owns the run, and by no other;
// - a run is taken from a process only after a fault of that process, and at most 20 s after it;
// - a call reached the service at most as often as it was durably marked as about to be sent, an
//   unsafe one at most once; all with one key, no two calls with the same;
// - an owner marks a call once, and once more for each time that the database was away from it.
void check_cluster(const ClusterWorld& world, FakeService& service);

// How long after its last fault the runs of a process were claimed by another, sorted.
std::vector<std::chrono::milliseconds> take_overs(const ClusterWorld& world,
                                                  const std::string& kind);
// How long after a process that was terminated let them go.
std::vector<std::chrono::milliseconds> hand_overs(const ClusterWorld& world);
std::chrono::milliseconds percentile(const std::vector<std::chrono::milliseconds>& sorted, int p);

// Changes of steps that the process wrote from then on.
std::int64_t writes(const ClusterWorld& world, const std::string& process, Wall since);

}  // namespace pilot::e2e
