// Asio's word that a descriptor is ready may be meant for another one. What it keeps of a descriptor that is closed goes to the
// next one that is opened, and an event of the old one that still waits in its queue goes with it; its `async_wait` then
// returns at once. That does no harm to a read which goes on until nothing is left. A wait for something that can not be tried,
// as the end of a process, has to ask the kernel here and to begin again. Any thread.

#pragma once

namespace frontdoor {

// `events`: as of poll(). An error counts, too. False also when there is no memory to ask.
bool ready_now(int fd, short events);

}  // namespace frontdoor
