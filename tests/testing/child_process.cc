// SPDX-License-Identifier: Apache-2.0

#include "tests/testing/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/testing/gate.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to us.

namespace msp::testing {
namespace {

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Environment(const std::map<std::string, std::string>& variables) {
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (text.substr(0, 4) != "MSP_") environment.emplace_back(text);
  }
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  return environment;
}

// Waits for the end of a child by its descriptor: a wait with a limit, without a signal handler.
bool WaitForEnd(pid_t pid) {
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return true;  // An old kernel: waitpid waits without a limit.
  pollfd ended{.fd = fd, .events = POLLIN, .revents = 0};
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(kWaitMax).count();
  int ready = 0;
  do {
    ready = poll(&ended, 1, static_cast<int>(limit));
  } while (ready < 0 && errno == EINTR);
  close(fd);
  return ready > 0;
}

}  // namespace

ChildProcess::ChildProcess(const std::string& program, std::vector<std::string> arguments,
                           const std::map<std::string, std::string>& variables) {
  arguments.insert(arguments.begin(), program);
  std::vector<std::string> environment = Environment(variables);
  // Everything that allocates comes before the fork: other threads may hold the allocator's locks.
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> envp = Pointers(environment);
  std::array<int, 2> output{};
  std::array<int, 2> error{};
  if (pipe2(output.data(), O_CLOEXEC) != 0 || pipe2(error.data(), O_CLOEXEC) != 0) GiveUp("pipe");
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) GiveUp("fork");
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    dup2(output[1], STDOUT_FILENO);
    dup2(error[1], STDERR_FILENO);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  close(output[1]);
  close(error[1]);
  output_.fd = output[0];
  error_.fd = error[0];
  output_.reader = std::thread([this] { Read(output_); });
  error_.reader = std::thread([this] { Read(error_); });
}

ChildProcess::~ChildProcess() {
  if (!reaped_) {
    Signal(SIGKILL);
    Wait();
  }
}

void ChildProcess::Signal(int signal) const {
  if (!reaped_) kill(pid_, signal);
}

int ChildProcess::Wait() {
  if (reaped_) return exit_code_;
  if (!WaitForEnd(pid_)) GiveUp("the program did not end");
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  reaped_ = true;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  for (OutputPipe* stream : {&output_, &error_}) {
    stream->reader.join();
    close(stream->fd);
  }
  return exit_code_;
}

std::string ChildProcess::WaitForOutput(std::string_view part) { return WaitFor(output_, part); }

std::string ChildProcess::WaitForError(std::string_view part) { return WaitFor(error_, part); }

std::string ChildProcess::output() const { return TextOf(output_); }

std::string ChildProcess::error() const { return TextOf(error_); }

std::string ChildProcess::TextOf(const OutputPipe& stream) const {
  MutexLock lock(mutex_);
  return stream.text;
}

void ChildProcess::Read(OutputPipe& stream) {
  std::array<char, 4096> buffer;
  while (true) {
    const ssize_t count = read(stream.fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    MutexLock lock(mutex_);
    if (count <= 0) stream.ended = true;
    if (count > 0) stream.text.append(buffer.data(), static_cast<std::size_t>(count));
    changed_.NotifyAll();
    if (count <= 0) return;
  }
}

std::string ChildProcess::WaitFor(const OutputPipe& stream, std::string_view part) {
  const auto until = std::chrono::steady_clock::now() + kWaitMax;
  {
    MutexLock lock(mutex_);
    while (true) {
      const std::size_t at = stream.text.find(part);
      const std::size_t end = at == std::string::npos ? at : stream.text.find('\n', at);
      if (end != std::string::npos) {
        const std::size_t before = stream.text.rfind('\n', at);
        const std::size_t begin = before == std::string::npos ? 0 : before + 1;
        return stream.text.substr(begin, end - begin);
      }
      if (stream.ended || !changed_.WaitUntil(mutex_, until)) break;
    }
  }
  GiveUp("no line with \"" + std::string(part) + "\"");
}

void ChildProcess::GiveUp(std::string_view what) const {
  std::fprintf(stderr, "ChildProcess: %.*s\nstdout: %s\nstderr: %s\n",
               static_cast<int>(what.size()), what.data(), output().c_str(), error().c_str());
  if (pid_ > 0) Signal(SIGKILL);
  std::abort();
}

}  // namespace msp::testing
