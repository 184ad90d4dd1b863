"""What a page is made of."""

import html.parser


class Elements(html.parser.HTMLParser):
    """Every element with its attributes; raises for one that is closed and was not opened."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        #: What stands directly in an element, with its tag.
        self.texts = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in ("meta", "link", "input", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        if self.open and data.strip():
            self.texts.append((self.open[-1], data.strip()))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]
