"""The catalogue of data sets: their addresses, terms and expected contents.

One YAML file a data set (`model` says what is in it). `download` brings a file here, `unpack` opens
an archive, `fetch` does both for several at once and checks the counts through the readers.
"""

from robotvision.data.catalogue.model import Archive, DataSet, data_set, data_set_names

__all__ = ["Archive", "DataSet", "data_set", "data_set_names"]
