"""Writes openpyxl.xlsx with openpyxl 3.1.5: a workbook as Python programs make it, for the reader's tests."""
from datetime import date, datetime
from pathlib import Path

from openpyxl import Workbook

book = Workbook()
sheet = book.active
sheet.title = "orders"
sheet.append(["id", "customer", "amount", "ordered", "shipped", "paid", "note"])
sheet.append([1, "Ann", 12.5, date(2024, 3, 5), datetime(2024, 3, 6, 12, 30), True, 'says "hi", twice'])
sheet.append([2, "王伟", -3, date(2024, 3, 7), None, False, None])
sheet.append([3, "Zoë", 1e-7, date(1999, 12, 31), datetime(2000, 1, 1, 23, 59, 59), True, "two\nlines"])
sheet["C2"].number_format = '"$"#,##0.00'
# A column of styles and no values must not become data.
sheet["I9"].number_format = "0%"
second = book.create_sheet("second")
second.append(["x"])
second.append([42])
book.save(Path(__file__).parent / "openpyxl.xlsx")
