// Elements that carry their own links: order, leaving from any place, dying while listed.

#include "loop/intrusive_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace frontdoor {
namespace {

struct Item : Listed<class FirstTag>, Listed<class SecondTag> {
  explicit Item(char item_name) : name(item_name) {}
  const char name;
};
using First = List<Item, Listed<class FirstTag>>;
using Second = List<Item, Listed<class SecondTag>>;

template <class ItemList>
std::string names(ItemList& list) {
  std::string out;
  list.for_each([&](Item& item) { out += item.name; });
  return out;
}

TEST(IntrusiveList, KeepsTheOrderInWhichElementsJoined) {
  Item a('a'), b('b'), c('c');
  First list;
  list.push_back(b);
  list.push_back(c);
  list.push_front(a);
  EXPECT_EQ(names(list), "abc");
  EXPECT_EQ(list.front().name, 'a');
  EXPECT_EQ(list.back().name, 'c');
  EXPECT_EQ(list.pop_front().name, 'a');
  EXPECT_EQ(names(list), "bc");
}

TEST(IntrusiveList, AnElementThatDiesLeavesByItself) {
  Item a('a'), c('c');
  First list;
  list.push_back(a);
  {
    Item b('b');
    list.push_back(b);
    list.push_back(c);
  }
  EXPECT_EQ(names(list), "ac");
}

TEST(IntrusiveList, AListThatDiesLetsItsElementsGo) {
  Item a('a');
  {
    First list;
    list.push_back(a);
  }
  EXPECT_FALSE(a.Listed<class FirstTag>::linked());
}

TEST(IntrusiveList, JoiningAgainMovesToTheEnd) {
  Item a('a'), b('b');
  First list;
  list.push_back(a);
  list.push_back(b);
  list.push_back(a);
  EXPECT_EQ(names(list), "ba");
  list.push_back(a);  // is the last already
  EXPECT_EQ(names(list), "ba");
  list.push_front(b);  // is the first already
  EXPECT_EQ(names(list), "ba");

  First other;
  other.push_back(b);  // leaves the list it was in
  EXPECT_EQ(names(list), "a");
  EXPECT_EQ(names(other), "b");
}

TEST(IntrusiveList, OneObjectMayBeInSeveralLists) {
  Item a('a'), b('b');
  First first;
  Second second;
  first.push_back(a);
  second.push_back(b);
  second.push_back(a);
  a.Listed<class FirstTag>::unlink();
  EXPECT_TRUE(first.empty());
  EXPECT_EQ(names(second), "ba");
  EXPECT_EQ(&second.back(), &a);
}

TEST(IntrusiveList, UnlinkingTwiceIsHarmless) {
  Item a('a');
  First list;
  list.push_back(a);
  a.Listed<class FirstTag>::unlink();
  a.Listed<class FirstTag>::unlink();
  EXPECT_TRUE(list.empty());
}

TEST(IntrusiveList, TakeAllAppendsAndEmptiesTheOther) {
  Item a('a'), b('b'), c('c');
  First list;
  First other;
  list.take_all(other);  // nothing from nothing
  EXPECT_TRUE(list.empty());
  list.push_back(a);
  other.push_back(b);
  other.push_back(c);
  list.take_all(other);
  EXPECT_EQ(names(list), "abc");
  EXPECT_TRUE(other.empty());
  other.push_back(a);
  EXPECT_EQ(names(list), "bc");
}

TEST(IntrusiveList, ForEachMayUnlinkOrDestroyWhatItIsGiven) {
  First list;
  for (const char name : {'a', 'b', 'c', 'd'}) list.push_back(*new Item(name));
  std::string seen;
  list.for_each([&](Item& item) {
    seen += item.name;
    if (item.name == 'b' || item.name == 'd') delete &item;
  });
  EXPECT_EQ(seen, "abcd");
  EXPECT_EQ(names(list), "ac");
  while (!list.empty()) delete &list.pop_front();
}

}  // namespace
}  // namespace frontdoor
