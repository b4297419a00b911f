"""Label a recording: edits that are kept as they are made, proposals, a page, two labellers."""

from robotvision.plugins.lazy import lazy_names

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "LabelOptions": "robotvision.labelling.session",
        "LabelSession": "robotvision.labelling.session",
        "compare_labels": "robotvision.labelling.agreement",
        "label": "robotvision.labelling.serve",
    },
)
