#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Looks at the pages of memreplay --report in Chromium, as a reader would: page.py PAGES SHOTS

PAGES is a directory with trace.html, failed.html and dump.html; screenshots go to SHOTS. Prints what is wrong, and ends
with 1 then."""

import base64
import json
import os
import re
import sys
import time

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

PROGRAM_MOST = 200 << 10
PAGE_MOST = 3 << 20
READY_MOST = 30  # seconds; on a machine with nothing else to do it takes less than one

failures = 0
checks = 0

# The least contrast of all text that is seen, and where that is. Large text may have less (WCAG 2.1, 1.4.3).
CONTRAST = """
const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
const linear = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
const light = ([red, green, blue]) => 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
function ground(element) {
  for (let at = element; at; at = at.parentElement) {
    const parts = numbers(getComputedStyle(at).backgroundColor);
    if (parts.length < 4 || parts[3] === 1) return parts;
  }
  return [255, 255, 255];
}
const poor = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let seen = 0;
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest("script,noscript,option,.skip")) continue;
  const style = getComputedStyle(element);
  const [one, other] = [light(numbers(style.color)), light(ground(element))];
  const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  const size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
  seen++;
  if (ratio < (large ? 3 : 4.5)) poor.push(`${walker.currentNode.data.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
}
return [seen, poor.slice(0, 5)];
"""


def check(holds, what):
    global failures, checks
    checks += 1
    if not holds:
        failures += 1
        print("FAIL:", what)


def start():
    options = Options()
    options.binary_location = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage",
                     "--force-device-scale-factor=1", "--host-resolver-rules=MAP * ~NOTFOUND"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(service=Service(os.environ.get("CHROMEDRIVER", "/usr/bin/chromedriver")), options=options)
    driver.set_page_load_timeout(60)
    driver.set_script_timeout(60)
    return driver


class Page:
    def __init__(self, driver, path, shots):
        self.driver = driver
        self.path = path
        self.shots = shots
        self.name = os.path.basename(path)[:-5]
        self.look()

    def look(self, width=1280, height=900, **features):
        """Opens the page anew, in such a window."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        self.emulate(**features)
        self.driver.get("file://" + os.path.abspath(self.path))
        begin = time.time()
        while self.run("return document.documentElement.dataset.ready") != "yes":
            if time.time() - begin > READY_MOST:
                check(False, f"{self.name}: not ready after {READY_MOST} s")
                break
            time.sleep(0.05)
        self.settle()

    def emulate(self, media="", **features):
        listed = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": listed})

    def settle(self):
        """Waits until two pictures were drawn."""
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30)))")

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.find(selector).text

    def state(self, name):
        return self.run(f"return View.state.{name}")

    def picture(self, selector="#map"):
        self.settle()
        return self.run("return document.querySelector(arguments[0]).toDataURL()", selector)

    def shoot(self, name, most=2600):
        height = min(most, self.run("return document.documentElement.scrollHeight"))
        width = self.run("return innerWidth")
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}})
        with open(os.path.join(self.shots, f"{self.name}-{name}.png"), "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def point(self, selector, right, down):
        """Moves the mouse to a share of the width and height of an element."""
        element = self.find(selector)
        self.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
        size = element.size
        ActionChains(self.driver, duration=0).move_to_element_with_offset(
            element, int((right - 0.5) * size["width"]), int((down - 0.5) * size["height"])).perform()
        self.settle()


def check_quiet(page):
    """Nothing is said in the console, and nothing is asked of the network."""
    said = [entry["message"] for entry in page.driver.get_log("browser")]
    check(not said, f"{page.name}: the console says {said[:3]}")
    asked = []
    for entry in page.driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if not url.startswith(("file:", "data:", "blob:", "chrome:", "about:")):
                asked.append(url)
    check(not asked, f"{page.name}: asks for {asked[:3]}")


def check_size(page):
    with open(page.path, encoding="utf-8") as file:
        content = file.read()
    data = sum(len(part) for part in re.findall(r'type="text/plain"[^>]*>([^<]*)<', content))
    check(len(content) <= PAGE_MOST, f"{page.name}: has {len(content)} bytes")
    check(len(content) - data <= PROGRAM_MOST, f"{page.name}: its program has {len(content) - data} bytes")


def check_harmless(page):
    """Names from traces are text."""
    check("taken" not in page.driver.title or "<" in page.driver.title, f"{page.name}: a script of a name ran")
    check(page.run("return document.querySelectorAll('img, b, main script').length") == 0,
          f"{page.name}: a name became an element")


def check_described(page):
    """What is drawn has a text, what is operated a name."""
    tree = page.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    seen = 0
    for node in tree:
        role = node.get("role", {}).get("value", "")
        if node.get("ignored") or role not in ("image", "button", "slider", "radio", "combobox", "img"):
            continue
        seen += 1
        check(node.get("name", {}).get("value", "").strip(), f"{page.name}: a {role} has no name")
    check(seen > 1, f"{page.name}: nothing is described")


def check_contrast(page):
    for scheme in ("light", "dark"):
        page.look(prefers_color_scheme=scheme)
        page.run("for (const details of document.querySelectorAll('details')) details.open = true")
        seen, poor = page.run(CONTRAST)
        check(seen > 20, f"{page.name}: there is no text")
        check(not poor, f"{page.name}, {scheme}: contrast of {poor}")
        page.shoot(scheme)
    page.look()


def check_media(page):
    """Paper, few colours, narrow screens."""
    page.look(width=400)
    wide = page.run("return document.documentElement.scrollWidth")
    check(wide <= 400, f"{page.name}: {wide} pixels wide on a narrow screen")
    page.shoot("narrow", 6000)
    page.look(forced_colors="active")
    page.shoot("forced")
    page.look()
    before = page.run("return getComputedStyle(document.querySelector('.buttons, h2')).display")
    page.emulate(media="print", prefers_color_scheme="dark")
    page.settle()
    check(page.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)",
          f"{page.name}: paper is not white")
    check(before != "none" and not page.find(".skip").is_displayed(), f"{page.name}: what is pressed is printed")
    page.shoot("print", 6000)
    pdf = page.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": False, "paperWidth": 8.27, "paperHeight": 11.7})
    check(len(pdf["data"]) > 20000, f"{page.name}: is not printed")
    page.look()


def check_hover(page):
    told = set()
    for right in (0.2, 0.45, 0.7):
        for down in (0.1, 0.4, 0.6, 0.8):
            page.point("#map", right, down)
            told.add(page.text("#spot").split(" ")[0].rstrip(":."))
    check({"Exactly", "Free"} <= told, f"{page.name}: spots of the map are {told}")
    page.run("View.set({spot: {event: 2, address: 4}})")
    page.settle()
    check(page.text("#spot") != "", f"{page.name}: nothing is told of the first spot")
    page.point("#moment-picture", 0.5, 0.2)
    check(re.match("Exactly|A summary|Free", page.text("#moment-spot")), f"{page.name}: a moment's spot is not told")


def check_zoom(page):
    def width():
        return page.state("to") - page.state("from")

    page.point("#map", 0.5, 0.5)
    whole, capacity = width(), page.state("high")
    page.run("document.activeElement.blur()")
    check(page.state("from") == 0, f"{page.name}: does not begin with all")
    ActionChains(page.driver, duration=0).click().perform()
    area = page.find("#map").rect
    top = page.run("return document.getElementById('map').getBoundingClientRect().top")
    at = {"x": area["x"] + area["width"] / 2, "y": top + area["height"] / 2}
    for _ in range(6):
        page.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseWheel", "deltaX": 0, "deltaY": -100, **at})
    page.settle()
    check(width() < whole / 2, f"{page.name}: the wheel does not zoom")
    check(page.state("high") - page.state("low") < capacity / 2, f"{page.name}: the wheel does not zoom addresses")
    page.shoot("zoomed", 1000)
    before = page.state("from")
    ActionChains(page.driver, duration=0).click_and_hold().move_by_offset(-120, 0).release().perform()
    page.settle()
    check(page.state("from") > before, f"{page.name}: dragging does not pan")
    for name, holds in (("earlier", lambda: page.state("from") < after), ("in", lambda: width() < wide),
                        ("out", lambda: width() > wide)):
        after, wide = page.state("from"), width()
        page.find(f"[data-do={name}]").click()
        page.settle()
        check(holds(), f"{page.name}: the button {name} does nothing")
    page.find("[data-do=all]").click()
    page.settle()
    check(width() == whole, f"{page.name}: All does not show all")


def check_keys(page):
    canvas = page.find("#map")
    page.run("arguments[0].focus()", canvas)

    def press(*keys):
        canvas.send_keys(*keys)
        page.settle()

    press(Keys.HOME)
    check(page.state("spot.event") == 0 and page.state("moment") == 0, f"{page.name}: Home does not go to the first call")
    first = page.text("#spot")
    for _ in range(3):
        press(Keys.SHIFT, Keys.ARROW_RIGHT)
    check(page.state("spot.event") > 0 and page.text("#spot") != first, f"{page.name}: arrow keys do not move the cross")
    press("p")
    check("peak" in page.text("#moments") and page.state("moment") > 0, f"{page.name}: P does not go to the peak")
    wide = page.state("to") - page.state("from")
    press("+")
    check(page.state("to") - page.state("from") < wide, f"{page.name}: + does not zoom")
    press("0")
    check(page.state("to") - page.state("from") >= wide, f"{page.name}: 0 does not show all")
    page.look()
    reached = set()
    for _ in range(26):
        ActionChains(page.driver, duration=0).send_keys(Keys.TAB).perform()
        reached.add(page.run("const at = document.activeElement; return at.id || at.name || at.dataset.do || at.tagName"))
    check({"map", "scrubber", "moments", "moment-picture", "in", "all"} <= reached, f"{page.name}: Tab reaches {reached} alone")


def check_scrubber(page):
    scrubber = page.find("#scrubber")
    scrubber.send_keys(Keys.HOME)
    page.settle()
    first = (page.text("#moment-text"), page.text("#moment-dump"))
    scrubber.send_keys(Keys.PAGE_UP * 6)
    page.settle()
    later = (page.text("#moment-text"), page.text("#moment-dump"))
    check(first[0] != later[0] and first[1] != later[1], f"{page.name}: the scrubber shows one moment alone")
    check(re.fullmatch(r"\[[#+.]{64}\]", later[1]), f"{page.name}: the line of a moment is {later[1]!r}")
    page.run("const list = document.getElementById('moments'); list.selectedIndex = 2; list.dispatchEvent(new Event('change'))")
    page.settle()
    check("pieces" in page.text("#moment-text"), f"{page.name}: a listed moment is not told exactly")


def check_colours(page):
    pictures = set()
    ways = page.driver.find_elements(By.CSS_SELECTOR, "#colours input")
    for way in ways:
        page.run("arguments[0].click()", way)
        pictures.add(page.picture())
        check(len(page.text("#legend")) > 8, f"{page.name}: there is no legend")
    check(len(ways) == 4 and len(pictures) == 4, f"{page.name}: {len(pictures)} pictures in {len(ways)} ways")
    page.shoot("caller", 1000)
    page.run("arguments[0].click()", ways[0])


def check_callers(page):
    def column(index):
        return page.run("return [...document.querySelectorAll('#callers tbody tr')].map((row) => row.cells[arguments[0]].textContent)",
                        index)

    calls = page.find("#callers th[data-key=allocs] button")
    for word, reverse in (("descending", True), ("ascending", False)):
        page.run("arguments[0].click()", calls)
        found = [int(text.replace(",", "")) for text in column(5)]
        check(found == sorted(found, reverse=reverse) and len(found) > 1, f"{page.name}: callers are not {word}")
        check(page.find("#callers th[data-key=allocs]").get_attribute("aria-sort") == word, f"{page.name}: aria-sort is not {word}")
    before = page.picture()
    page.run("document.querySelector('#callers th[data-key=most] button').click()")
    button = page.find("#callers tbody button")
    page.run("arguments[0].click()", button)
    check(page.picture() != before, f"{page.name}: a caller is not highlighted")
    check(page.find("#callers tbody button").get_attribute("aria-pressed") == "true", f"{page.name}: nor said to be")
    check(page.find("#highlight").is_displayed(), f"{page.name}: what is highlighted is not told")
    page.shoot("highlight", 1000)
    page.find("#map").send_keys(Keys.ESCAPE)
    check(page.picture() == before or page.state("caller") == -1, f"{page.name}: Esc does not clear it")


def main():
    pages, shots = sys.argv[1:3]
    os.makedirs(shots, exist_ok=True)
    driver = start()
    try:
        for name in ("trace", "failed", "dump"):
            page = Page(driver, os.path.join(pages, name + ".html"), shots)
            begin = time.time()
            check_size(page)
            check_harmless(page)
            check_described(page)
            if name != "dump":
                check_hover(page)
                check_zoom(page)
                check_keys(page)
                check_scrubber(page)
                check_colours(page)
                check_callers(page)
            check_contrast(page)
            check_media(page)
            check_quiet(page)
            print(f"{name}: {time.time() - begin:.0f} s")
        check("did not fit" in Page(driver, os.path.join(pages, "failed.html"), shots).text("#failure"),
              "a request that did not fit is not shown")
    finally:
        driver.quit()
    print(f"{checks} checks, {failures} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
