"""Puts what was measured into a page, between two comments that Markdown does not show."""


def replace_between_markers(text, name, content):
    """The text with `content` between <!-- NAME --> and <!-- end of NAME -->."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    head, found_begin, rest = text.partition(begin)
    _, found_end, tail = rest.partition(end)
    if not (found_begin and found_end):
        raise ValueError(f"there is no {begin.strip()} … {end}")
    return f"{head}{begin}\n{content.strip()}\n\n{end}{tail}"


def write_into(path, name, content):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text = replace_between_markers(text, name, content)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
