// SPDX-License-Identifier: Apache-2.0

// A program that a test starts, listens to and stops: its output is kept, its exit is waited for,
// and it dies with the test, whatever becomes of that. Used by one test thread at a time.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "service/base/mutex.h"

namespace msp::testing {

class ChildProcess {
 public:
  // Starts `program` with these arguments. Variables are added to the test's own environment, of
  // which nothing that begins with MSP_ is passed on.
  ChildProcess(const std::string& program, std::vector<std::string> arguments,
               const std::map<std::string, std::string>& variables = {});
  // Kills the program unless its exit was waited for.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int signal) const;
  // The exit code, or minus the signal that ended it. Ends the test program when it does not end
  // within kWaitMax.
  int Wait();
  // Waits for a line of standard output, or of standard error, that contains `part`, and returns
  // it. Ends the test program, with all that was printed, when none comes before the end of the
  // output or kWaitMax.
  std::string WaitForOutput(std::string_view part);
  std::string WaitForError(std::string_view part);
  // Everything printed so far; all of it after `Wait`.
  std::string output() const;
  std::string error() const;

 private:
  // What comes out of one of the program's two pipes.
  struct OutputPipe {
    int fd = -1;
    std::string text;
    bool ended = false;
    std::thread reader;
  };

  void Read(OutputPipe& stream);
  std::string WaitFor(const OutputPipe& stream, std::string_view part);
  [[noreturn]] void GiveUp(std::string_view what) const;
  std::string TextOf(const OutputPipe& stream) const;

  pid_t pid_ = -1;
  bool reaped_ = false;
  int exit_code_ = 0;
  mutable Mutex mutex_;
  mutable CondVar changed_;
  OutputPipe output_;  // Their texts and ends under `mutex_`.
  OutputPipe error_;
};

}  // namespace msp::testing
