// The heap of the process. Called before threads are made, by the main thread.
#pragma once

namespace pilot::app {

// As many arenas as shards (0: as there are cores), which do nearly all of the work. glibc would
// give each thread one of its own: what a shard has freed (a large output) the database's writer
// could not use, and the most that each has ever had would stay side by side.
void bound_heap(unsigned shards);

}  // namespace pilot::app
