// Memory holds keys, and credentials for the time of a call: no core files, no reading by other
// processes of the same user. Called before keys are read, by the main thread; lasts for the
// process.
#pragma once

namespace pilot::app {

void keep_memory_private();

}  // namespace pilot::app
