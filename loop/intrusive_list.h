// A doubly linked list whose links live in the elements: joining and leaving allocate nothing, and an element that
// dies leaves its list by itself. One thread.

#pragma once

#include <cstddef>

namespace frontdoor {

class ListNode {
 public:
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { unlink(); }

  bool linked() const { return next_ != nullptr; }
  void unlink() {
    if (!next_) return;
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = next_ = nullptr;
  }

 private:
  template <class, class>
  friend class List;
  ListNode* prev_ = nullptr;
  ListNode* next_ = nullptr;
};

// Tag tells apart the several lists that one object may be in: `class X : public Listed<ByAge>, public Listed<All>`.
template <class Tag>
class Listed : public ListNode {};

template <class T, class Node = ListNode>
class List {
 public:
  List() { head_.prev_ = head_.next_ = &head_; }
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List() {
    while (!empty()) head_.next_->unlink();
    head_.prev_ = head_.next_ = nullptr;
  }

  bool empty() const { return head_.next_ == &head_; }
  T& front() { return *object(head_.next_); }
  T& back() { return *object(head_.prev_); }
  // An element leaves the list that it was in, which may be this one.
  void push_back(T& item) {
    static_cast<Node&>(item).unlink();  // first: it may be the last element itself
    insert(*head_.prev_, item);
  }
  void push_front(T& item) {
    static_cast<Node&>(item).unlink();
    insert(head_, item);
  }
  T& pop_front() {
    T& item = front();
    static_cast<Node&>(item).unlink();
    return item;
  }

  // Moves every element of `other` to the end of this list.
  void take_all(List& other) {
    if (other.empty()) return;
    ListNode& first = *other.head_.next_;
    ListNode& last = *other.head_.prev_;
    other.head_.prev_ = other.head_.next_ = &other.head_;
    head_.prev_->next_ = &first;
    first.prev_ = head_.prev_;
    last.next_ = &head_;
    head_.prev_ = &last;
  }

  // Calls f(T&) for each; f may unlink or destroy the element that it was given, no other.
  template <class F>
  void for_each(F f) {
    for (ListNode* at = head_.next_; at != &head_;) {
      ListNode* next = at->next_;
      f(*object(at));
      at = next;
    }
  }

 private:
  static T* object(ListNode* node) { return static_cast<T*>(static_cast<Node*>(node)); }

  void insert(ListNode& after, T& item) {
    ListNode& node = static_cast<Node&>(item);
    node.prev_ = &after;
    node.next_ = after.next_;
    after.next_->prev_ = &node;
    after.next_ = &node;
  }

  ListNode head_;
};

}  // namespace frontdoor
