#include "store/sqlite/fault_vfs.h"

#include <sqlite3.h>

#include <cstring>
#include <new>

namespace pilot::store::sqlite {

struct FaultVfs::State {
  sqlite3_vfs vfs{};
  sqlite3_vfs* real = nullptr;
  sqlite3_io_methods methods{};
  std::atomic<int> operations = 0;
  std::atomic<int> fail_at = 0;  // 0: never
  std::atomic<bool> lasting = false;
  std::atomic<bool> failed = false;
  std::atomic<Kind> kind = Kind::io_error;

  bool strikes() {
    const int number = ++operations;
    const int at = fail_at;
    const bool now = at != 0 && (number == at || (lasting && number > at));
    if (now) failed = true;
    return now;
  }
};

namespace {

// The real file stands behind this in the same allocation.
struct File {
  sqlite3_file base;
  FaultVfs::State* state;
};

sqlite3_file* real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(File));
}
FaultVfs::State& state(sqlite3_file* file) { return *reinterpret_cast<File*>(file)->state; }

int fault(FaultVfs::State& state, int io_code) {
  return state.kind == FaultVfs::Kind::disk_full ? SQLITE_FULL : io_code;
}

int close_file(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  return real(file)->pMethods->xRead(real(file), to, size, at);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  if (state(file).strikes()) return fault(state(file), SQLITE_IOERR_WRITE);
  return real(file)->pMethods->xWrite(real(file), from, size, at);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return real(file)->pMethods->xTruncate(real(file), size);
}
int sync_file(sqlite3_file* file, int flags) {
  if (state(file).strikes()) return fault(state(file), SQLITE_IOERR_FSYNC);
  return real(file)->pMethods->xSync(real(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int lock_file(sqlite3_file* file, int level) {
  return real(file)->pMethods->xLock(real(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int check_lock(sqlite3_file* file, int* held) {
  return real(file)->pMethods->xCheckReservedLock(real(file), held);
}
int control(sqlite3_file* file, int operation, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), operation, argument);
}
int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int device(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, memory);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int unmap_shared(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

int open_file(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out) {
  auto* state = static_cast<FaultVfs::State*>(vfs->pAppData);
  auto* wrapped = new (file) File{};
  wrapped->state = state;
  std::memset(real(file), 0, static_cast<std::size_t>(state->real->szOsFile));
  const int result = state->real->xOpen(state->real, name, real(file), flags, out);
  wrapped->base.pMethods = real(file)->pMethods == nullptr ? nullptr : &state->methods;
  return result;
}

}  // namespace

FaultVfs::FaultVfs() : state_(std::make_unique<State>()) {
  state_->real = sqlite3_vfs_find(nullptr);
  sqlite3_io_methods& m = state_->methods;
  m.iVersion = 2;
  m.xClose = close_file;
  m.xRead = read_file;
  m.xWrite = write_file;
  m.xTruncate = truncate_file;
  m.xSync = sync_file;
  m.xFileSize = file_size;
  m.xLock = lock_file;
  m.xUnlock = unlock_file;
  m.xCheckReservedLock = check_lock;
  m.xFileControl = control;
  m.xSectorSize = sector_size;
  m.xDeviceCharacteristics = device;
  m.xShmMap = map_shared;
  m.xShmLock = lock_shared;
  m.xShmBarrier = barrier;
  m.xShmUnmap = unmap_shared;
  // The rest of the layer (paths, deleting, randomness, time) is the real one's own: its functions
  // look at nothing of the vfs that they are given but what is copied here.
  state_->vfs = *state_->real;
  state_->vfs.zName = "pilot-fault";
  state_->vfs.szOsFile = static_cast<int>(sizeof(File)) + state_->real->szOsFile;
  state_->vfs.pNext = nullptr;
  state_->vfs.pAppData = state_.get();
  state_->vfs.xOpen = open_file;
  sqlite3_vfs_register(&state_->vfs, 1);
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(&state_->vfs);
  sqlite3_vfs_register(state_->real, 1);
}

void FaultVfs::fail_at(int n, Kind kind, bool lasting) {
  state_->operations = 0;
  state_->failed = false;
  state_->kind = kind;
  state_->lasting = lasting;
  state_->fail_at = n;
}

void FaultVfs::heal() {
  state_->fail_at = 0;
  state_->operations = 0;
}

int FaultVfs::operations() const { return state_->operations; }
bool FaultVfs::failed() const { return state_->failed; }

}  // namespace pilot::store::sqlite
