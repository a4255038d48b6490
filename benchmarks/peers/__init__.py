"""The same work by what people use today, each as its own users write it.

`all_peers` lists them, `environments` installs each into a virtual environment of its own; every other module but
`job` is one of them, run by the Python of its environment.
"""
