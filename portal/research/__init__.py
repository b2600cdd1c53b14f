"""Research (以研究带开发): which report and course fits whom, and what came after it was read? Promises: nothing above a person's grade is put
before him, a second person releases what is published, and nobody's reading is kept under his name against his word."""
