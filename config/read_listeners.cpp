// `listen` and [[listener]].

#include "config/lists.h"
#include "config/reader.h"
#include "config/suggest.h"
#include "config/values.h"

namespace frontdoor::config {
namespace {

using Kind = Value::Kind;

void add(Listener listener, ListenerPlace place, Reader& reader) {
  reader.config.listeners.push_back(std::move(listener));
  reader.listeners.push_back(std::move(place));
}

// `tls`: the key beside `listen`, or null.
void read_sugar(const Value& value, const Value* tls, Reader& reader) {
  static constexpr schema::Key key{.name = "listen", .type = schema::Type::ListenAddress};
  Listener listener;
  const bool was_text = value.is(Kind::Text);
  if (!was_text)
    return wrong_type("listen", "an address as in \":8080\", or a list of them", value, reader.diagnostics);
  read_value(key, value, &listener.address, reader.diagnostics);
  ListenerPlace place{value.at};
  if (tls != nullptr) read_tls(*tls, listener, place, reader);
  add(std::move(listener), std::move(place), reader);
}

void read_listener(const Value& value, Reader& reader) {
  if (!is_table(value, "listener", "[[listener]]", reader)) return;
  Listener listener;
  read_plain_keys(value, {schema::listener, "[[listener]]"}, &listener, reader);
  const auto* address = value.find("address");
  if (address == nullptr)
    reader.diagnostics.error(value.at, "[[listener]] needs an address, as in address = \":8080\"");
  ListenerPlace place{address != nullptr ? address->at : value.at};
  if (const auto* tls = value.find("tls")) read_tls(*tls, listener, place, reader);
  add(std::move(listener), std::move(place), reader);
}

void read_list(const Value& list, Reader& reader) {
  if (list.is(Kind::Table))
    reader.diagnostics.error(list.at,
                             "there may be several listeners: write [[listener]] with double brackets");
  else if (!list.is(Kind::List))
    wrong_type("listener", "tables [[listener]]", list, reader.diagnostics);
  for (const auto& item : list.items) read_listener(item, reader);
}

bool is_empty_list(const Value& value) { return value.is(Kind::List) && value.items.empty(); }

}  // namespace

void read_listeners(const Value& root, Reader& reader) {
  const auto* listen = root.find("listen");
  const auto* list = root.find("listener");
  const auto* tls = root.find("tls");
  if (listen != nullptr && listen->is(Kind::List))
    for (const auto& item : listen->items) read_sugar(item, tls, reader);
  else if (listen != nullptr)
    read_sugar(*listen, tls, reader);
  else if (tls != nullptr)
    reader.diagnostics.error(tls->at, "tls at the top of the file is for what `listen` names: below [[listener]] it is "
                                      "[listener.tls]");
  if (list != nullptr) read_list(*list, reader);

  const bool nothing =
      (listen == nullptr || is_empty_list(*listen)) && (list == nullptr || is_empty_list(*list));
  if (nothing && reader.complete)
    reader.diagnostics.error({},
                             "there is nothing to listen on: add listen = \":8080\" at the top of the file");
}

}  // namespace frontdoor::config
