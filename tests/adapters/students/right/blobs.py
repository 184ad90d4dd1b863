"""Layers for Caffe, which is not there."""

import json

import caffe
import numpy as np


class EuclideanLossLayer(caffe.Layer):
    """
    Compute the Euclidean Loss in the same manner as the C++ EuclideanLossLayer
    to demonstrate the class interface for developing layers in Python.
    """

    def setup(self, bottom, top):
        # check input pair
        if len(bottom) != 2:
            raise Exception("Need two inputs to compute distance.")

    def reshape(self, bottom, top):
        # check input dimensions match
        if bottom[0].count != bottom[1].count:
            raise Exception("Inputs must have the same dimension.")
        # difference is shape of inputs
        self.diff = np.zeros_like(bottom[0].data, dtype=np.float32)
        # loss output is scalar
        top[0].reshape(1)

    def forward(self, bottom, top):
        self.diff[...] = bottom[0].data - bottom[1].data
        top[0].data[...] = np.sum(self.diff**2) / bottom[0].num / 2.

    def backward(self, top, propagate_down, bottom):
        for i in range(2):
            if not propagate_down[i]:
                continue
            if i == 0:
                sign = 1
            else:
                sign = -1
            bottom[i].diff[...] = sign * self.diff / bottom[i].num


class SwishLayer(caffe.Layer):
    def setup(self, bottom, top):
        assert len(bottom) == 1, 'requires a single layer.bottom'
        assert len(top) == 1, 'requires a single layer.top'

    def reshape(self, bottom, top):
        top[0].reshape(*bottom[0].data.shape)

    def forward(self, bottom, top):
        x = bottom[0].data
        self.s = 1. / (1. + np.exp(-x))
        top[0].data[...] = x * self.s

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            y = top[0].data
            bottom[0].diff[...] = top[0].diff * (y + self.s * (1 - y))


class BilinearLayer(caffe.Layer):
    """ out = sum_c a * b over the channels """

    def setup(self, bottom, top):
        pass

    def reshape(self, bottom, top):
        n, c, h, w = bottom[0].data.shape
        top[0].reshape(n, 1, h, w)

    def forward(self, bottom, top):
        top[0].data[...] = (bottom[0].data * bottom[1].data).sum(axis=1, keepdims=True)

    def backward(self, top, propagate_down, bottom):
        for i in range(2):
            if propagate_down[i]:
                bottom[i].diff[...] = top[0].diff * bottom[1 - i].data


class ScaleShift(caffe.Layer):
    """ y = gamma * x + beta for each channel, with blobs of its own """

    def setup(self, bottom, top):
        c = bottom[0].data.shape[1]
        self.blobs.add_blob(c)
        self.blobs.add_blob(c)
        self.blobs[0].data[...] = 1.0
        self.blobs[1].data[...] = 0

    def reshape(self, bottom, top):
        top[0].reshape(*bottom[0].shape)

    def forward(self, bottom, top):
        g = self.blobs[0].data[None, :, None, None]
        b = self.blobs[1].data[None, :, None, None]
        top[0].data[...] = g * bottom[0].data + b

    def backward(self, top, propagate_down, bottom):
        self.blobs[0].diff[...] += (top[0].diff * bottom[0].data).sum(axis=(0, 2, 3))
        self.blobs[1].diff[...] += top[0].diff.sum(axis=(0, 2, 3))
        if propagate_down[0]:
            bottom[0].diff[...] = top[0].diff * self.blobs[0].data[None, :, None, None]


class SoftmaxXent(caffe.Layer):
    def setup(self, bottom, top):
        if len(bottom) != 2:
            raise Exception('need scores and labels')

    def reshape(self, bottom, top):
        self.prob = np.zeros_like(bottom[0].data)
        top[0].reshape(1)

    def forward(self, bottom, top):
        scores = bottom[0].data
        labels = bottom[1].data.astype(int)
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        self.prob = e / e.sum(axis=1, keepdims=True)
        n = scores.shape[0]
        top[0].data[0] = -np.log(self.prob[np.arange(n), labels]).sum() / n

    def backward(self, top, propagate_down, bottom):
        if propagate_down[1]:
            raise Exception('cannot backpropagate to labels')
        if propagate_down[0]:
            labels = bottom[1].data.astype(int)
            n = bottom[0].num
            d = self.prob.copy()
            d[np.arange(n), labels] -= 1
            bottom[0].diff[...] = d / n * top[0].diff[0]


class ScaleLayer(caffe.Layer):
    def setup(self, bottom, top):
        params = json.loads(self.param_str)
        self.scale = float(params['scale'])
        self.shift = params.get('shift', 0.0)

    def reshape(self, bottom, top):
        top[0].reshape(*bottom[0].data.shape)

    def forward(self, bottom, top):
        top[0].data[...] = self.scale * bottom[0].data + self.shift

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            bottom[0].diff[...] = self.scale * top[0].diff


class LeakyLayer(caffe.Layer):
    def setup(self, bottom, top):
        self.slope = eval(self.param_str)['negative_slope']

    def reshape(self, bottom, top):
        top[0].reshape(*bottom[0].data.shape)

    def forward(self, bottom, top):
        x = bottom[0].data
        top[0].data[...] = np.where(x > 0, x, self.slope * x)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            bottom[0].diff[...] = top[0].diff * np.where(bottom[0].data > 0, 1.0, self.slope)
