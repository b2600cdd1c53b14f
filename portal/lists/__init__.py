"""What people do with lists: views saved under a name, files taken out.

A list declares itself once (portal/web/list_pages.py); saved views, exports and "My exports" then work on it by its address alone.
"""
