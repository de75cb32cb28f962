#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Looks at the manual as HTML in Chromium, as a reader would: html-browser.py DIRECTORY SHOTS

No page scrolls sideways on a phone or has a word for the console, text can be read in light and dark, the search finds
things from disk, and print leaves out what is for the screen. Screenshots go to SHOTS. Prints what is wrong, and ends
with 1 then."""

import base64
import os
import sys
import time

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import page

PHONE = 390
check = page.check


class Manual:
    def __init__(self, driver, directory, shots):
        self.driver = driver
        self.directory = os.path.abspath(directory)
        self.shots = shots

    def window(self, width, scheme="light", media=""):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width == PHONE})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                    {"media": media, "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def open(self, name):
        self.driver.get(f"file://{self.directory}/{name}")

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def shoot(self, name, height=1400):
        width = self.run("return innerWidth")
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "format": "png", "captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}})
        with open(os.path.join(self.shots, name + ".png"), "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def search(self, text):
        """Types into the search field, and returns the results: addresses below the directory, and texts."""
        field = self.driver.find_element(By.CSS_SELECTOR, "#manual-search input")
        field.clear()
        field.send_keys(text)
        begin = time.time()
        while time.time() - begin < page.READY_MOST:
            found = self.run("return [...document.querySelectorAll('#manual-search li')].map((item) => "
                             "[item.querySelector('a')?.getAttribute('href'), item.innerText])")
            if found:
                return found
            time.sleep(0.05)
        return []


def check_page(manual, name):
    """Of each page: on a phone, and in the dark."""
    manual.window(PHONE)
    manual.open(name)
    width = manual.run("return Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)")
    check(width <= PHONE, f"{name}: {width} pixels wide on a phone")
    broken = manual.run("return [...document.images].filter((image) => { image.loading = 'eager'; "
                        "return image.complete && image.naturalWidth === 0 }).map((image) => image.src)")
    check(not broken, f"{name}: pictures are broken: {broken}")
    for scheme in ("light", "dark"):
        manual.window(1280, scheme)
        seen, poor = manual.run(page.CONTRAST)
        check(seen > 20 and not poor, f"{name}: {scheme}: of {seen} texts these cannot be read well: {poor}")
    for entry in manual.driver.get_log("browser"):
        check(False, f"{name}: the console says: {entry['message']}")


def check_search(manual):
    manual.window(1280)
    manual.open("index.html")
    found = manual.search("Mem_Free")
    check(found and found[0][0] == "Mem_Free.3.html", f"Mem_Free: found {found[:3]}")
    manual.shoot("search", 900)
    found = manual.search("mem_calloc")
    check(found and found[0][0] == "Mem_Alloc.3.html#Mem_Calloc()", f"mem_calloc: found {found[:3]}")
    found = manual.search("--record")
    check(any(address.startswith("memrun.1.html") for address, _ in found), f"--record: found {found[:3]}")
    found = manual.search("thread cache reclaim")
    check(any(address.startswith("DESIGN.html") for address, _ in found), f"thread cache reclaim: found {found[:3]}")
    found = manual.search("<b>zzz")
    check(len(found) == 1 and found[0] == [None, "Nothing found."], f"<b>zzz: found {found[:3]}")

    manual.search("ENOTRECOVERABLE")
    field = manual.driver.find_element(By.CSS_SELECTOR, "#manual-search input")
    field.send_keys(Keys.ARROW_DOWN)
    target = manual.run("return document.activeElement.href")
    manual.driver.switch_to.active_element.send_keys(Keys.ENTER)
    check(manual.run("return location.href") == target, "Enter does not open a result")

    manual.open("DESIGN.html")
    manual.driver.find_element(By.TAG_NAME, "body").send_keys("/")
    check(manual.run("return document.activeElement.type") == "search", "/ does not begin a search")
    manual.search("guard page")
    field = manual.driver.switch_to.active_element
    field.send_keys(Keys.ESCAPE)
    check(manual.run("return document.querySelectorAll('#manual-search li').length") == 0, "Escape does not end a search")


def check_print(manual):
    manual.window(794, media="print")
    manual.open("Mem_Alloc.3.html")
    seen = manual.run("return ['header', 'nav', '.sections'].filter((name) => document.querySelector(name)?.checkVisibility())")
    check(not seen, f"in print there is {seen}")
    manual.shoot("print")


def shoot_all(manual):
    for name in ("index", "README", "Mem_Alloc.3", "memreplay.1", "DESIGN", "SIZING", "BENCHMARKS", "mem.h"):
        for width, scheme in ((1280, "light"), (1280, "dark"), (PHONE, "light")):
            manual.window(width, scheme)
            manual.open(name + ".html")
            manual.shoot(f"{name}-{width}-{scheme}")


def main():
    directory, shots = sys.argv[1:]
    os.makedirs(shots, exist_ok=True)
    driver = page.start()
    try:
        manual = Manual(driver, directory, shots)
        for name in sorted(os.listdir(directory)):
            if name.endswith(".html"):
                check_page(manual, name)
        check_search(manual)
        check_print(manual)
        shoot_all(manual)
        for entry in driver.get_log("browser"):
            check(False, f"the console says: {entry['message']}")
    finally:
        driver.quit()
    print(f"{page.checks} checks, {page.failures} failed")
    sys.exit(page.failures != 0)


main()
